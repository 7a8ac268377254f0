internal import ArgumentParser
internal import LeafCore

/// A snowflake on the command line.
func snowflake(argument text: String) throws -> Int64 {
    guard let id = Int64(text), id >= 0 else {
        throw ValidationError("\"\(text)\" is not a number from 0 to \(Int64.max)")
    }
    return id
}

/// A worker id on the command line. What the layout allows is for leafd to know.
func worker(argument text: String) throws -> Int64 {
    guard let number = Int64(text), (0...65_535).contains(number) else {
        throw ValidationError("\"\(text)\" is not a worker id: give a number from 0, as leafctl workers shows them")
    }
    return number
}

/// An epoch on the command line, in milliseconds since 1970, within what leafd can be configured to.
func epoch(argument text: String) throws -> Int64 {
    guard let number = Int64(text), (0...4_102_444_800_000).contains(number) else {
        throw ValidationError("\"\(text)\" is not an epoch: give milliseconds since 1970, up to 4102444800000")
    }
    return number
}

/// A layout on the command line: a preset's name, or its unit and its bits for time, worker and sequence. The bounds are
/// those of `snowflake.layout` in the configuration.
func layout(argument text: String) throws -> SnowflakeLayout {
    if let preset = SnowflakeLayout.presets.first(where: { $0.name == text }) { return preset.layout }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 4, let unit = try? duration(argument: String(parts[0])), unit <= .seconds(1),
        let time = Int(parts[1]), (30...50).contains(time), let worker = Int(parts[2]), (1...16).contains(worker),
        let sequence = Int(parts[3]), (1...22).contains(sequence)
    else {
        throw ValidationError(
            "\"\(text)\" is not a layout: give leaf, js53, or the unit of time (1ms to 1s) and the bits of time (30 to "
                + "50), worker (1 to 16) and sequence (1 to 22), as in 1ms,41,10,12")
    }
    guard time + worker + sequence <= 63 else {
        throw ValidationError(
            "\"\(text)\" has \(time + worker + sequence) bits, more than the 63 of a positive integer")
    }
    return SnowflakeLayout(unit: unit, timeBits: time, workerBits: worker, sequenceBits: sequence)
}
