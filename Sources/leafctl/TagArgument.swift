internal import ArgumentParser
internal import LeafCore

/// A tag on the command line, checked before anything is sent.
func tag(argument text: String) throws -> Tag {
    do {
        return try Tag(text)
    } catch {
        throw ValidationError(error.description)
    }
}

/// A number of IDs on the command line.
func positive(argument text: String) throws -> Int64 {
    guard let number = Int64(text), number >= 1 else {
        throw ValidationError("\"\(text)\" is not a number from 1 to \(Int64.max)")
    }
    return number
}
