/// The arguments of one request, as places in the bytes they were decoded from. Reused from request to request, so that
/// decoding allocates nothing.
package struct Arguments {
    package struct Place {
        package let offset: Int
        package let count: Int
    }

    package private(set) var places: [Place] = []

    package init() {
        places.reserveCapacity(RequestDecoder.argumentsMax)
    }

    package var count: Int { places.count }

    mutating func clear() { places.removeAll(keepingCapacity: true) }
    mutating func add(offset: Int, count: Int) { places.append(Place(offset: offset, count: count)) }

    /// Argument `index` within the bytes the request was decoded from.
    package func bytes(_ index: Int, of all: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let place = places[index]
        return UnsafeRawBufferPointer(rebasing: all[place.offset..<place.offset + place.count])
    }
}
