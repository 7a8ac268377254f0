import Glibc

/// libFuzzer's entry: called with one input after the other, millions of times, by one thread.
///
/// Which target they go to says the variable LEAF_FUZZ_TARGET (Tests/Fuzz/README.md).
///
/// - Returns: 0; whatever is wrong ends the process, and libFuzzer keeps the input.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target.run(FuzzInput(UnsafeRawBufferPointer(start: data, count: count)))
    return 0
}

/// What is fuzzed.
private enum Target: String, CaseIterable {
    case requests, replies, records, journals

    func run(_ input: consuming FuzzInput) {
        switch self {
        case .requests: fuzzRequests(&input)
        case .replies: fuzzReplies(&input)
        case .records: fuzzRecords(&input)
        case .journals: fuzzJournals(&input)
        }
    }
}

private let target: Target = {
    let name = getenv("LEAF_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = Target(rawValue: name) else {
        let names = Target.allCases.map(\.rawValue).joined(separator: ", ")
        print("leaf-fuzz: LEAF_FUZZ_TARGET is '\(name)'; set it to one of \(names)")
        exit(2)
    }
    return target
}()

/// Ends the process, so that libFuzzer keeps the input, unless a property holds.
func require(_ holds: Bool, _ message: @autoclosure () -> String) {
    if !holds { fatalError(message()) }
}
