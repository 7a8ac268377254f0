/// The system's random numbers, in a value that takes up memory: ThreadSanitizer takes an access to one that does not for an
/// access to whatever lies at its address, and finds races there are none of, or crashes.
struct SystemRandom: RandomNumberGenerator {
    private var generator = SystemRandomNumberGenerator()
    private var drawn: UInt64 = 0

    mutating func next() -> UInt64 {
        drawn = generator.next()
        return drawn
    }
}
