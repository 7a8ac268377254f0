/// What waits to be done, for several users: each has one thing done in turn, however many the others have waiting.
struct FairQueue<User: Hashable & Sendable, Element: Sendable>: Sendable {
    private struct Line: Sendable {
        var waiting: [Element] = []
        var first = 0

        mutating func take() -> Element? {
            guard first < waiting.count else { return nil }
            defer {
                first += 1
                if first > waiting.count / 2 {
                    waiting.removeSubrange(..<first)
                    first = 0
                }
            }
            return waiting[first]
        }
    }

    private var lines: [User: Line] = [:]
    /// Whose turn it is, first to last.
    private var users: [User] = []

    var isEmpty: Bool { users.isEmpty }

    mutating func append(_ element: Element, for user: User) {
        if lines[user] == nil {
            lines[user] = Line()
            users.append(user)
        }
        lines[user]?.waiting.append(element)
    }

    mutating func popFirst() -> Element? {
        guard let user = users.first, let element = lines[user]?.take() else { return nil }
        users.removeFirst()
        if lines[user]?.waiting.isEmpty ?? true { lines[user] = nil } else { users.append(user) }
        return element
    }
}
