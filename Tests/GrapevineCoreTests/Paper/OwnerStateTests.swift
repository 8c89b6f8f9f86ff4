import GrapevineCore
import Testing

/// Owner state, sentence by sentence (design, section 3).
struct OwnerStateTests {
  /// “`set` of an unchanged live value is a no-op; otherwise version += 1 and the entry takes it”.
  @Test func `a set of an unchanged value is a no-op, any other takes the next version`() {
    var state = Samples.state()
    let first = state.set(key: "a", value: [1])
    #expect(first && state.version == 1 && state.find("a")?.version == 1)
    let again = state.set(key: "a", value: [1])
    #expect(!again && state.version == 1)
    let other = state.set(key: "a", value: [2])
    #expect(other && state.version == 2 && state.find("a")?.version == 2)
    #expect(state.entry(at: 1) == nil && state.entryCount == 1)
  }

  /// “`delete` of an unknown or deleted key is a no-op; otherwise a tombstone with version += 1”.
  @Test func `a delete leaves a tombstone with the next version, or does nothing`() {
    var state = Samples.state { _ = $0.set(key: "a", value: [1]) }
    let unknown = state.delete(key: "b")
    #expect(!unknown && state.version == 1)
    let known = state.delete(key: "a")
    #expect(known && state.find("a")?.isDeleted == true && state.find("a")?.version == 2)
    let again = state.delete(key: "a")
    #expect(!again && state.version == 2)
  }

  /// “Delete followed by set of "" must be a real set (kite loses it)”.
  @Test func `a set of nothing after a delete is a real set`() {
    var state = Samples.state {
      _ = $0.set(key: "a", value: [])
      _ = $0.delete(key: "a")
    }
    let isChange = state.set(key: "a", value: [])
    #expect(isChange && state.live == [Entry(key: "a", value: [], version: 3)])
  }

  /// The same, at a replica, whether it has seen the deletion or not.
  @Test func `a replica takes a set of nothing after a delete for a real set`() throws {
    for replicaHasSeenDeletion in [false, true] {
      var owner = Samples.record()
      _ = owner.state.set(key: "a", value: [1])
      var replica = owner.state
      _ = owner.state.delete(key: "a")
      if replicaHasSeenDeletion { replica = owner.state }
      _ = owner.state.set(key: "a", value: [])
      var owed = Owed(key: owner.key, replica: replica.progress)
      var bytes: [UInt8] = []
      _ = owner.write(&owed, to: &bytes, limit: 500, share: 500, entryLimit: 500, now: .zero)
      var log = ChangeLog(isRecording: true)
      try replica.take(bytes, log: &log)
      let entry = Entry(key: "a", value: [], version: 3)
      #expect(replica.live == [entry] && log.changes == [.set(entry)])
    }
  }

  /// “A batch of changes gets consecutive versions and is sent as one push”.
  @Test func `a batch gets consecutive versions`() throws {
    var engine = Self.engine()
    let version = try engine.update(
      [.set("a", to: "1"), .set("b", to: "1"), .delete(key: "a"), .set("b", to: "1")],
      now: .zero
    )
    #expect(version == 3)
    let entries = engine.localMember(now: .zero).allEntries
    #expect(entries.map(\.description) == ["b=1@2", "a deleted@3"])
  }

  /// “Internal entries (a reserved key space that users cannot write …) replicate the same way and
  /// are not shown as user keys”.
  @Test func `reserved keys can't be written by users`() {
    var engine = Self.engine()
    let key = ReservedKeys.prefix + "x"
    for change in [Change.set(key, to: "1"), .delete(key: key)] {
      #expect(throws: StateError.reservedKey(key: key)) {
        try engine.update([.set("a", to: "1"), change], now: .zero)
      }
    }
    #expect(engine.localMember(now: .zero).version == 0, "a batch is applied whole or not at all")
  }

  /// “Only the owner writes; a delta about oneself is never applied”.
  @Test func `a delta about oneself is not applied`() throws {
    var engine = Self.engine()
    _ = try engine.update([.set("a", to: "1")], now: .zero)
    let id = engine.localID
    var bytes: [UInt8] = []
    PacketHeader(kind: .delta, label: 0, sender: MemberKey(rawValue: 5)).write(to: &bytes)
    bytes.append(Delta.Flags.final.rawValue)
    bytes += HandMadeSection(base: 1, end: 2, entries: [Samples.entry("a", "2", at: 2)])
      .bytes(MemberKey(id))
    engine.receive(bytes.span, from: Samples.endpoint, now: .zero)
    engine.checkInvariants()
    let member = engine.localMember(now: .zero)
    #expect(member.entries.map(\.text) == ["1"] && member.version == 1)
    #expect(member.generation > id.generation, "an earlier life has written more")
  }

  private static func engine() -> Engine {
    Engine(
      id: MemberID(name: "own", generation: 1),
      endpoint: Endpoint(ipv4: 0x0A00_0001, port: 7_000),
      configuration: GossipConfiguration(),
      seed: 1,
      now: .zero
    )
  }
}
