/// The arguments of one request, as places in the bytes they were decoded from. Reused from request to request, so that
/// decoding allocates nothing.
package struct Arguments: ~Copyable {
    package struct Place {
        package let offset: Int
        package let count: Int
    }

    private let places: UnsafeMutablePointer<Place>
    package private(set) var count = 0

    package init() {
        places = .allocate(capacity: RequestDecoder.argumentsMax)
    }

    deinit {
        places.deallocate()
    }

    mutating func clear() { count = 0 }

    mutating func add(offset: Int, count length: Int) {
        precondition(count < RequestDecoder.argumentsMax)
        places[count] = Place(offset: offset, count: length)
        count += 1
    }

    /// Argument `index` within the bytes the request was decoded from.
    package func bytes(_ index: Int, of all: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        precondition(index >= 0 && index < count)
        let place = places[index]
        return UnsafeRawBufferPointer(rebasing: all[place.offset..<place.offset + place.count])
    }
}
