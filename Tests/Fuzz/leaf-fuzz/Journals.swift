import LeafCore

@testable import LeafJournal

/// A journal's data file with damages: nothing that reads it raw dies of it, no record comes out that was not put in, and
/// what passes the checks can be read, written to and read again by LMDB.
///
/// LMDB runs in this process, too. In production a damaged file is first met by a process that may die of it: what
/// dies here has got past the audit of its pages, which is there so that it does not come to that.
///
/// Input: which journal and which checks (bit 3: floors, bit 4: commits; bit 7: checksums are made right again), then
/// the damages.
func fuzzJournals(_ input: inout FuzzInput) {
    let choice = input.byte()
    let journal = SampleJournal.all[Int(choice & 7) % SampleJournal.all.count]
    let isMended = choice & 0x80 != 0
    var file = DamagedFile(journal.bytes)
    let isWhole = input.isEmpty
    file.damage(&input)
    if isMended { file.mendRecords() }
    DataFolder.write(file.bytes)

    let problem = PageAudit.problem(file: DataFolder.file, length: file.bytes.count)
    require(!isWhole || problem == nil, "a whole journal is damaged: \(problem ?? "")")
    // Of many records, floors take a hundred times as long as pages, and find nothing more.
    if choice & 8 != 0 && journal.floors.count < 100 { checkFloors(journal, isMended: isMended, isWhole: isWhole) }
    guard problem == nil else { return }
    if isMended, let sum = DataFolder.recordsSum() {
        file.mendDigest(sum)
        DataFolder.write(file.bytes)
    }
    guard let contents = DataFolder.contents(), contents.sequence < .max - 8 else { return }
    if !isMended {
        let written = journal.history[contents.sequence]
        require(Snapshot(contents) == written, "commit \(contents.sequence) is read as \(contents)")
    }
    guard case .sound(let records, let sequence) = Journal.verify(path: DataFolder.path) else { return }
    require((records, sequence) == (contents.records.count, contents.sequence), "\(records) records of \(sequence)")
    if choice & 16 != 0 { checkCommits(contents) }
}

/// Whatever the damage, a floor that is found was written, and in a whole file all are found.
private func checkFloors(_ journal: SampleJournal, isMended: Bool, isWhole: Bool) {
    let salvage = FloorScan.scan(DataFolder.file)
    if isWhole {
        let newest = journal.history.values.map { $0.tags.mapValues(\.floor) }.max { $0.count < $1.count } ?? [:]
        require(Set(salvage.floors.keys) == Set(newest.keys), "floors of a whole journal: \(salvage.floors)")
    }
    guard !isMended else { return }
    let headers = journal.history.values.map(\.header)
    require(salvage.header.map(headers.contains) ?? true, "a header that was never written")
    for (tag, floor) in salvage.floors {
        require(journal.floors[tag]?.contains(floor.floor) ?? false, "the floor \(floor) of \(tag)")
    }
}

/// Commits to a file that was found sound, and reads it again.
private func checkCommits(_ before: JournalContents) {
    var expected = Snapshot(before)
    do throws(JournalError) {
        let file = try DataFile(
            try FileLock.take(DataFolder.file, of: "fuzz"), mapBytes: SampleJournal.mapBytes, name: "fuzz")
        _ = try file.load()
        for number in 1...3 as ClosedRange<Int64> {
            let tags = before.records.prefix(3).map(\.tag) + [SampleJournal.tag("added-\(number)")]
            let record = number == 2 ? SampleJournal.large(number) : SampleJournal.record(number)
            var entries: [JournalEntry] = tags.map { .tag($0, record) }
            for tag in tags { expected.tags[tag] = record }
            let worker = SampleJournal.worker(90, number)
            entries.append(.worker(worker))
            expected.workers[worker.worker] = worker
            try file.commit(entries, header: before.header)
        }
    } catch {
        // It may refuse, and then says so; production sets such a journal aside.
        return
    }
    let problem = PageAudit.problem(file: DataFolder.file, length: DataFolder.length)
    require(problem == nil, "damaged after commits: \(problem ?? "")")
    guard let after = DataFolder.contents() else { fatalError("unreadable after commits") }
    require(after.sequence == before.sequence + 3, "commit \(after.sequence) after \(before.sequence)")
    require(Snapshot(after) == expected, "read as \(after) after commits")
}
