import Testing

@testable import leaf_bench

struct PercentilesTests {
    @Test(
        arguments: [
            ("50", [50]), ("50,99,99.9", [50, 99, 99.9]), ("99.99,50", [50, 99.99]), ("100,100", [100]), ("0.1", [0.1]),
        ] as [(String, [Double])])
    func `a list of percentiles is taken in ascending order, each once`(text: String, values: [Double]) {
        #expect(Percentiles(argument: text)?.values == values)
    }

    @Test(arguments: ["", ",", "50,", "p50", "0", "-1", "100.1", "50 99", "nan", "inf"])
    func `what is no list of percentiles is refused`(text: String) {
        #expect(Percentiles(argument: text) == nil)
    }

    @Test func `they are named as people write them`() {
        #expect(Percentiles.usual.values.map(Percentiles.name) == ["p50", "p99", "p99.9"])
        #expect(Percentiles.usual.description == "50,99,99.9")
    }
}
