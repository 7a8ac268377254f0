/// IDs that were received, one bit each, and whatever is wrong with them.
///
/// IDs are dense, so pages of bits hold a hundred million of them in some 12 MB, and a duplicate shows the moment it comes.
package struct IDSet: Sendable {
    private static let pageBits: Int64 = 1 << 16
    private var pages: [Int64: [UInt64]] = [:]

    package private(set) var count = 0
    package private(set) var highest: Int64 = 0
    /// Up to a hundred of the IDs that came twice.
    package private(set) var duplicates: [Int64] = []
    /// Up to a hundred IDs that are none.
    package private(set) var invalid: [Int64] = []

    private static let examplesMax = 100

    package init() {}

    package mutating func insert(_ ids: some Sequence<Int64>) {
        for id in ids { insert(id) }
    }

    package mutating func insert(_ id: Int64) {
        guard id > 0 else {
            if invalid.count < IDSet.examplesMax { invalid.append(id) }
            return
        }
        let bit = UInt64(1) << UInt64(id & 63)
        let word = Int(id % IDSet.pageBits / 64)
        let isNew = pages[id / IDSet.pageBits, default: [UInt64](repeating: 0, count: Int(IDSet.pageBits / 64))]
            .withUnsafeMutableBufferPointer { words in
                defer { words[word] |= bit }
                return words[word] & bit == 0
            }
        if isNew {
            count += 1
            highest = max(highest, id)
        } else if duplicates.count < IDSet.examplesMax {
            duplicates.append(id)
        }
    }

    package func contains(_ id: Int64) -> Bool {
        guard id > 0, let page = pages[id / IDSet.pageBits] else { return false }
        return page[Int(id % IDSet.pageBits / 64)] & (UInt64(1) << UInt64(id & 63)) != 0
    }
}

/// Collects the IDs of many threads, of one tag.
package final class IDCollector: Sendable {
    private struct State: Sendable {
        var ids = IDSet()
        var lastOfThread: [Int: Int64] = [:]
        var countOfThread: [Int: Int] = [:]
        var lowestSinceMark: Int64?
        var disorders: [String] = []
    }

    private let state = TestLock(State())

    package init() {}

    /// Takes IDs in the order in which one thread received them.
    package func record(_ ids: [Int64], thread: Int) {
        state.with { state in
            var last = state.lastOfThread[thread] ?? 0
            for id in ids {
                if id <= last && state.disorders.count < 100 {
                    state.disorders.append("thread \(thread) received \(id) after \(last)")
                }
                last = id
                state.ids.insert(id)
            }
            state.lastOfThread[thread] = last
            state.countOfThread[thread, default: 0] += ids.count
            if let least = ids.min() { state.lowestSinceMark = min(state.lowestSinceMark ?? .max, least) }
        }
    }

    /// Draws a line: from here on `lowestSinceMark` looks for the lowest ID anew.
    package func mark() {
        state.with { $0.lowestSinceMark = nil }
    }

    /// The lowest ID received since the last `mark`; nil before the first.
    package var lowestSinceMark: Int64? { state.with { $0.lowestSinceMark } }

    /// How many IDs a thread received.
    package func count(ofThread thread: Int) -> Int { state.with { $0.countOfThread[thread] ?? 0 } }

    package var count: Int { state.with { $0.ids.count } }
    package var highest: Int64 { state.with { $0.ids.highest } }

    /// What is wrong: IDs given twice, IDs that are none, IDs that went down within one thread. Empty if all is well.
    package var faults: [String] {
        state.with { state in
            state.ids.duplicates.map { "\($0) was issued twice" } + state.ids.invalid.map { "\($0) is no ID" }
                + state.disorders
        }
    }
}
