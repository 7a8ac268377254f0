internal import LeafCore

extension SnowflakeLayout {
    /// The preset's name, or the four parts as they stand in the file.
    var text: String {
        if let preset = SnowflakeLayout.presets.first(where: { $0.layout == self }) { return preset.name }
        let unit = DurationText.format(unit)
        return "{unit: \(unit), time-bits: \(timeBits), worker-bits: \(workerBits), sequence-bits: \(sequenceBits)}"
    }
}

extension Kind where Value == SnowflakeLayout {
    /// The name of a preset, or `{unit, time-bits, worker-bits, sequence-bits}`, which only a file can hold.
    static let layout = Kind(
        type: "layout",
        range: "leaf, js53, or a custom one",
        read: { input, problems in
            switch input.content {
            case .mapping: custom(input, &problems)
            default: preset.read(input, &problems)
            }
        },
        write: \.text
    )

    private static let preset = Kind.scalar("layout", range: "", write: \.text) { text throws(Rejection) in
        if let preset = SnowflakeLayout.presets.first(where: { $0.name == text }) { return preset.layout }
        throw Rejection(
            "is not a layout",
            "choose leaf, js53 or, in the file, {unit: 1ms, time-bits: 41, worker-bits: 10, sequence-bits: 12}")
    }

    private static func custom(_ input: Input, _ problems: inout [Problem]) -> SnowflakeLayout? {
        guard let fields = Fields(input, ["unit", "time-bits", "worker-bits", "sequence-bits"], &problems) else {
            return nil
        }
        // Within these ranges a time fits 64 bits of milliseconds, which is what the clock counts in.
        let unit = fields.required("unit", .duration(.milliseconds(1), .seconds(1)), &problems)
        let time = fields.required("time-bits", Kind<Int>.integer(30...50), &problems)
        let worker = fields.required("worker-bits", Kind<Int>.integer(1...16), &problems)
        let sequence = fields.required("sequence-bits", Kind<Int>.integer(1...22), &problems)
        guard let unit, let time, let worker, let sequence else { return nil }
        let sum = time + worker + sequence
        guard sum <= 63 else {
            problems.append(
                input.problem(
                    "has \(sum) bits (\(time) + \(worker) + \(sequence)), more than the 63 of a positive integer",
                    "take \(sum - 63) away"))
            return nil
        }
        return SnowflakeLayout(unit: unit, timeBits: time, workerBits: worker, sequenceBits: sequence)
    }
}
