import GrapevineCore
import Testing

struct SnapshotWriterTests {
  private static func owner(_ random: inout Xoshiro256) -> VersionedState {
    var state = Samples.state()
    for _ in 0..<(10 + random.index(80)) {
      let key = "key \(random.index(30))"
      if random.chance(1, outOf: 3) {
        _ = state.delete(key: key)
      } else {
        _ = state.set(key: key, value: Array(repeating: 7, count: random.index(80)))
      }
    }
    return state
  }

  @Test func `pieces of any size bring the state over, and none is much larger than asked`() throws
  {
    for seed in 0..<200 as Range<UInt64> {
      var random = Xoshiro256(seed: seed)
      let replicaAtFirst = Self.owner(&random)
      var replica = replicaAtFirst
      var owner = replicaAtFirst
      for index in 0..<random.index(40) {
        _ = owner.delete(key: "key \(random.index(30))")
        _ = owner.set(key: "later \(index)", value: [])
      }
      owner.compact(upTo: owner.version)
      let size = 1 + random.index(400)
      var writer = SnapshotWriter(
        key: MemberKey(rawValue: 7),
        state: owner,
        replica: replica.progress
      )
      var bytes: [UInt8] = []
      var isDone = false
      var pieceCount = 0
      while !isDone, pieceCount < 10_000 {
        let start = bytes.count
        isDone = writer.write(to: &bytes, size: size)
        pieceCount += 1
        let largestEntry = 120
        let frame = Section.overhead + Section.stateOverhead + 4 + 20
        #expect(bytes.count - start <= max(size, largestEntry) + frame, "seed \(seed)")
      }
      var log = ChangeLog(isRecording: false)
      #expect(isDone && writer.progress == owner.progress)
      #expect(try replica.take(bytes, log: &log) == .accepted)
      #expect(replica.text == owner.text && replica.progress == owner.progress)
    }
  }

  @Test func `what the replica has is named, not sent`() throws {
    var owner = Samples.state()
    for index in 0..<1_000 { _ = owner.set(key: "key \(index)", value: [1, 2, 3]) }
    var replica = owner
    _ = owner.delete(key: "key 500")
    owner.compact(upTo: 1_001)
    var writer = SnapshotWriter(
      key: MemberKey(rawValue: 7),
      state: owner,
      replica: replica.progress
    )
    var bytes: [UInt8] = []
    let isDone = writer.write(to: &bytes, size: 10_000)
    #expect(isDone && bytes.count < 60)
    var log = ChangeLog(isRecording: true)
    #expect(try replica.take(bytes, log: &log) == .accepted)
    #expect(replica.text == owner.text && log.appliedCount == 0)
    #expect(log.changes == [.deleted(key: "key 500", version: 1_001)])
  }

  @Test func `the state is frozen when the writer is made`() throws {
    var owner = Samples.state { _ = $0.set(key: "a", value: [1]) }
    var writer = SnapshotWriter(key: MemberKey(rawValue: 7), state: owner, replica: .none)
    _ = owner.delete(key: "a")
    owner.compact(upTo: 2)
    var bytes: [UInt8] = []
    let isDone = writer.write(to: &bytes, size: 100)
    var replica = Samples.state()
    var log = ChangeLog(isRecording: false)
    #expect(try isDone && replica.take(bytes, log: &log) == .accepted)
    #expect(replica.live == [Entry(key: "a", value: [1], version: 1)])
  }

  @Test func `an empty state makes one piece`() throws {
    var owner = Samples.state { _ = $0.set(key: "a", value: [1]) }
    var replica = owner
    _ = owner.delete(key: "a")
    owner.compact(upTo: 2)
    var writer = SnapshotWriter(
      key: MemberKey(rawValue: 7),
      state: owner,
      replica: replica.progress
    )
    var bytes: [UInt8] = []
    let isDone = writer.write(to: &bytes, size: 100)
    var log = ChangeLog(isRecording: true)
    #expect(try isDone && replica.take(bytes, log: &log) == .accepted)
    #expect(replica.entryCount == 0 && log.changes == [.deleted(key: "a", version: 2)])
  }
}
