/// Metrics in Prometheus' text format, version 0.0.4.
///
/// <https://prometheus.io/docs/instrumenting/exposition_formats/>
struct Exposition {
    private(set) var families: [MetricFamily] = []

    /// What only grows between two starts of leafd; the name ends in `_total`.
    mutating func counter(_ name: String, _ help: String, _ samples: [MetricSample]) {
        add(MetricFamily(name: name, kind: .counter, help: help, samples: samples))
    }

    mutating func counter(_ name: String, _ help: String, _ value: Int64) {
        counter(name, help, [MetricSample(value)])
    }

    /// What goes up and down.
    mutating func gauge(_ name: String, _ help: String, _ samples: [MetricSample]) {
        add(MetricFamily(name: name, kind: .gauge, help: help, samples: samples))
    }

    /// - Parameter value: nil: not known, and nothing is written; 0 would be a claim.
    mutating func gauge(_ name: String, _ help: String, _ value: Int64?) {
        gauge(name, help, value.map { [MetricSample($0)] } ?? [])
    }

    mutating func gauge(_ name: String, _ help: String, seconds value: Double?) {
        gauge(name, help, value.map { [MetricSample(number: $0)] } ?? [])
    }

    /// 1 for yes.
    mutating func gauge(_ name: String, _ help: String, _ value: Bool?) {
        gauge(name, help, value.map { $0 ? 1 : 0 })
    }

    /// A family without a sample is left out.
    mutating func add(_ family: MetricFamily) {
        if !family.samples.isEmpty { families.append(family) }
    }

    var text: String {
        var text = ""
        for family in families {
            text += "# HELP \(family.name) \(MetricText.escaped(help: family.help))\n"
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            for sample in family.samples {
                text += family.name + sample.suffix
                if !sample.labels.isEmpty { text += "{\(sample.labels)}" }
                text += " \(sample.value)\n"
            }
        }
        return text
    }
}

/// One metric: what it is, and its samples.
struct MetricFamily {
    enum Kind: String {
        case counter, gauge, histogram
    }

    let name: String
    let kind: Kind
    /// A sentence for whoever comes upon the metric in a graph.
    let help: String
    let samples: [MetricSample]
}

/// One value of a metric, under its labels.
struct MetricSample {
    /// After the metric's name: `_bucket`, `_sum` or `_count` of a histogram.
    let suffix: String
    /// `tag="orders",le="0.1"`, as `MetricText.label` makes it; may be empty.
    let labels: String
    let value: String

    init(_ value: Int64, _ labels: String = "", suffix: String = "") {
        self.suffix = suffix
        self.labels = labels
        self.value = String(value)
    }

    init(number value: Double, _ labels: String = "", suffix: String = "") {
        self.suffix = suffix
        self.labels = labels
        self.value = MetricText.number(value)
    }
}

enum MetricText {
    /// `name="value"`. Backslash, quote and line feed are escaped: a tag may hold the first two.
    static func label(_ name: String, _ value: String) -> String {
        var text = name + "=\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }

    /// `1.5`, `42`, `+Inf`.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? String(value)
    }

    static func escaped(help: String) -> String {
        help.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
    }
}
