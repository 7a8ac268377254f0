/// One kind of value: its name and range for people, how it is read and how it is written.
///
/// Reading reports what is wrong to `problems` and then gives nil. What `write` gives is read back as the same
/// value, passwords aside.
struct Kind<Value: Hashable & Sendable>: Sendable {
    let type: String
    let range: String
    /// Whether only a file can hold it, because it has parts.
    var isFileOnly = false
    let read: @Sendable (Input, inout [Problem]) -> Value?
    let write: @Sendable (Value) -> String
}

extension Kind {
    /// A kind that is one word or number.
    static func scalar(
        _ type: String, range: String, write: @escaping @Sendable (Value) -> String,
        parse: @escaping @Sendable (String) throws(Rejection) -> Value
    ) -> Kind {
        Kind(
            type: type, range: range,
            read: { input, problems in
                switch input.content {
                case .scalar(let text):
                    do throws(Rejection) {
                        return try parse(text)
                    } catch {
                        problems.append(input.problem(error.reason, error.remedy))
                    }
                case .nothing:
                    problems.append(input.problem("has no value", "give one, or remove the line to keep the default"))
                case .list, .mapping:
                    problems.append(input.problem("must be a single value (\(type))", "write one value on this line"))
                }
                return nil
            },
            write: write)
    }

    /// `auto`, or a value of another kind.
    static func auto<Wrapped>(_ kind: Kind<Wrapped>) -> Kind where Value == Auto<Wrapped> {
        Kind(
            type: kind.type, range: "auto or \(kind.range)",
            read: { input, problems in
                if case .scalar("auto") = input.content { return .auto }
                let before = problems.count
                if let value = kind.read(input, &problems) { return .fixed(value) }
                for index in before..<problems.count { problems[index] = problems[index].adding(", or write auto") }
                return nil
            },
            write: { value in value.value.map(kind.write) ?? "auto" })
    }

    /// A value of another kind, or `""` for none.
    static func optional<Wrapped>(_ kind: Kind<Wrapped>) -> Kind where Value == Wrapped? {
        Kind(
            type: kind.type, range: "\"\" or \(kind.range)",
            read: { input, problems in
                if case .scalar("") = input.content { return .some(nil) }
                return kind.read(input, &problems).map { .some($0) }
            },
            write: { value in value.map(kind.write) ?? "\"\"" })
    }

    /// A list of one-word values, none of them twice; outside a file they are separated by commas.
    static func list<Element>(of kind: Kind<Element>, atMost limit: Int) -> Kind where Value == [Element] {
        Kind(
            type: "list of \(kind.type)s", range: "at most \(limit)",
            read: { input, problems in
                guard let items = input.separated.items(atMost: limit, of: kind.type, &problems) else { return nil }
                let before = problems.count
                var seen: Set<Element> = []
                let values = items.compactMap { item in
                    let value = kind.read(item, &problems)
                    if let value, !seen.insert(value).inserted {
                        let reason = "lists \(kind.write(value)) twice"
                        problems.append(item.problem(reason, "remove one of the two"))
                    }
                    return value
                }
                return problems.count == before ? values : nil
            },
            write: { values in "[\(values.map(kind.write).joined(separator: ", "))]" })
    }
}

extension Kind where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of a few words.
    static var choice: Kind {
        let words = Value.allCases.map(\.rawValue)
        return scalar("choice", range: words.joined(separator: ", "), write: \.rawValue) { text throws(Rejection) in
            if let value = Value(rawValue: text) { return value }
            let near = Nearest.name(to: text, in: words)
            let remedy = near.map { "did you mean \($0)?" } ?? "choose one of these"
            throw Rejection("must be one of \(words.joined(separator: ", "))", remedy)
        }
    }
}

extension Input {
    /// Splits one text from outside a file at its commas; a file has lists of its own.
    fileprivate var separated: Input {
        guard !origin.isFile, case .scalar(let text) = content else { return self }
        let parts = text.split(separator: ",").map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        let items = parts.map { Input(origin: origin, key: key, content: .scalar($0)) }
        return Input(origin: origin, key: key, content: .list(items))
    }
}
