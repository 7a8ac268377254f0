import LeafCore
import Testing

/// Commit, witness, limit: and what if one of them fails.
@Suite struct JournalCourseTests {
    private let course = Box(JournalCourse(sequence: 9, hasWitness: true))

    private func committed(_ outcome: JournalCourse.Outcome) -> JournalCourse.Step {
        course.value.committed(outcome, sequence: 10)
    }

    @Test func `limits rise when commit and witness are written`() {
        #expect(committed(.durable) == .writeWitness(sequence: 10))
        #expect(course.value.wroteWitness(true) == .acknowledge)
        #expect(course.value.sequence == 10)
    }

    @Test func `a witness that cannot be written must go before limits rise`() {
        _ = committed(.durable)
        #expect(course.value.wroteWitness(false) == .removeWitness)
        #expect(course.value.removedWitness(false) == .retry)
        _ = committed(.durable)
        #expect(course.value.wroteWitness(false) == .removeWitness, "it is still there")
        #expect(course.value.removedWitness(true) == .acknowledge)
        _ = committed(.durable)
        #expect(course.value.wroteWitness(false) == .acknowledge, "there is none that could tell wrong")
        _ = committed(.durable)
        #expect(course.value.wroteWitness(true) == .acknowledge)
        _ = committed(.durable)
        #expect(course.value.wroteWitness(false) == .removeWitness)
    }

    @Test func `a full disk is waited for`() {
        #expect(committed(.notWritten) == .retry)
        #expect(course.value.sequence == 9 && !course.value.isAbandoned)
    }

    @Test func `a commit that may be on disk or not ends the journal`() {
        #expect(committed(.unknown) == .replace)
        #expect(course.value.isAbandoned)
    }
}
