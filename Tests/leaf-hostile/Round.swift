import Foundation
import LeafClient
import LeafTestKit

/// One attack on one daemon, in turn with rest and with the same attack on another daemon.
struct Round {
    let attack: Attack
    let victim: Victim
    /// The other daemon: what its attack does to the victim's clients is the machine's doing.
    let decoy: Victim
    let own: String

    struct Figures {
        var quietP50: [Double] = []
        var quietP99: [Double] = []
        var decoyP99: [Double] = []
        var attackP50: [Double] = []
        var attackP99: [Double] = []
        var restMiB = 0.0
        var peakMiB = 0.0
        var afterMiB = 0.0
        var outcome = Outcome()
        var problems: [String] = []

        /// Of the best rounds: what else the machine does only adds.
        var byQuiet: Double { attackP99.least / quietP99.least }
        var byDecoy: Double { attackP99.least / decoyP99.least }
    }

    /// - Parameters:
    ///   - rounds: how often each of the three is measured.
    ///   - time: for how long each time.
    func measure(rounds: Int, time: Duration) throws -> Figures {
        var figures = Figures()
        figures.restMiB = victim.residentMiB()
        // One on each event loop: connections take them in turn.
        let observers = [Observer(), Observer()]
        let threads = observers.map { [victim] observer in
            let thread = Thread { observer.run(victim, tag: "watched") }
            thread.start()
            return thread
        }
        for _ in 0..<rounds {
            let quiet = listen(observers, time)
            figures.quietP50.append(quiet.percentile(0.5))
            figures.quietP99.append(quiet.percentile(0.99))
            let decoyed = try during(on: decoy) { listen(observers, time) }
            figures.decoyP99.append(decoyed.value.percentile(0.99))
            let attacked = try during(on: victim) { listen(observers, time, &figures.peakMiB) }
            figures.attackP50.append(attacked.value.percentile(0.5))
            figures.attackP99.append(attacked.value.percentile(0.99))
            figures.outcome = attacked.outcome
        }
        for observer in observers { observer.end() }
        while threads.contains(where: { !$0.isFinished }) { pauseThread(.milliseconds(1)) }
        pauseThread(.milliseconds(500))
        figures.afterMiB = victim.residentMiB()
        figures.problems = problems(observers)
        return figures
    }

    private func problems(_ observers: [Observer]) -> [String] {
        var problems = observers.flatMap(\.errors)
        let ids = observers.flatMap(\.ids)
        if Set(ids).count != ids.count { problems.append("an ID was issued twice") }
        if let exit = victim.process.exit() { problems.append("leafd ended with \(exit)") }
        do {
            let next = try victim.connect().next("watched")
            if next <= ids.max() ?? 0 { problems.append("\(next) was issued after \(ids.max() ?? 0)") }
        } catch {
            problems.append("\(error)")
        }
        return problems
    }

    /// Runs the attack while `body` measures.
    private func during<Value>(on target: Victim, _ body: () -> Value) throws -> (value: Value, outcome: Outcome) {
        let folder = TemporaryFolder()
        let command = [own, "attack", attack.name, "--socket", target.setup.socketPath]
        let words = attack.uid.map { uid in
            ["setpriv", "--reuid=\(uid)", "--regid=\(uid)", "--clear-groups"] + command
        }
        let attacker = try ChildProcess(
            Tool.find(words?[0] ?? own) ?? own, Array((geteuid() == 0 ? words ?? command : command).dropFirst()),
            output: folder.file("out"), errors: folder.file("err"))
        // Until its connections stand.
        pauseThread(.milliseconds(attack.connections > 1000 ? 1500 : 300))
        let value = body()
        attacker.terminate()
        guard try attacker.wait(atMost: .seconds(60)) == .code(0) else {
            throw TestProblem("the attacker: \(Tool.text(folder.file("err")))")
        }
        pauseThread(.milliseconds(200))
        let outcome = try JSONDecoder().decode(Outcome.self, from: Data(Tool.text(folder.file("out")).utf8))
        return (value, outcome)
    }

    private func listen(_ observers: [Observer], _ time: Duration) -> [Int64] {
        var peak = 0.0
        return listen(observers, time, &peak)
    }

    private func listen(_ observers: [Observer], _ time: Duration, _ peakMiB: inout Double) -> [Int64] {
        for observer in observers { _ = observer.takeLatencies() }
        let end = ContinuousClock.now.advanced(by: time)
        while ContinuousClock.now < end {
            peakMiB = max(peakMiB, victim.residentMiB())
            pauseThread(.milliseconds(50))
        }
        return observers.flatMap { $0.takeLatencies() }
    }
}
