import Allocations
import GrapevineCore
import Testing

/// What a state takes, and what working with it allocates.
struct StateMemoryTests {
  private static let value = [UInt8](repeating: 7, count: 100)

  private static func filled(_ count: Int) -> VersionedState {
    Samples.state {
      for index in 0..<count { _ = $0.set(key: "key \(index)", value: value) }
    }
  }

  private static func contentSize(of state: VersionedState) -> Int {
    var size = 0
    state.forEach { entry in
      size += entry.size
      return true
    }
    return size
  }

  @Test(arguments: [1_000, 10_000, 30_000])
  func `entries of 100 bytes take at most a third more`(count: Int) {
    let state = Self.filled(count)
    let size = Self.contentSize(of: state)
    #expect((size..<size * 4 / 3).contains(state.footprint), "\(state.footprint) for \(size)")
  }

  @Test func `a state of one small entry takes little`() {
    #expect(Samples.state().footprint == 0)
    #expect(Samples.state { _ = $0.set(key: "role", value: Array("web".utf8)) }.footprint < 400)
  }

  @Test func `a key that is set again and again takes no more than a few of its values`() {
    var state = Samples.state()
    for index in 0..<5_000 {
      _ = state.set(key: "load", value: Array("value \(index)".utf8))
      #expect(state.footprint < 1_500)
    }
    state.checkInvariants()
  }

  @Test func `what one key leaves behind among many is given back`() {
    var state = Self.filled(3_000)
    let before = state.footprint
    for index in 0..<30_000 { _ = state.set(key: "load", value: Array("value \(index)".utf8)) }
    state.checkInvariants()
    #expect(state.footprint < before + 40_000)
  }

  @Test func `a large value that is set again and again is there once`() {
    var state = Self.filled(100)
    for index in 0..<50 {
      _ = state.set(key: "image", value: [UInt8](repeating: UInt8(index), count: 200_000))
      _ = state.set(key: "load", value: [UInt8(index)])
      #expect(state.footprint < 260_000)
    }
    state.checkInvariants()
  }

  @Test func `a state that is emptied gives all back`() {
    var state = Self.filled(10_000)
    for index in 0..<10_000 { _ = state.delete(key: "key \(index)") }
    state.compact(upTo: state.version)
    state.checkInvariants()
    #expect(state.entryCount == 0 && state.footprint < 256)
  }

  @Test func `setting a key allocates next to nothing`() throws {
    var state = Self.filled(10_000)
    // Growth is due now and then; these are few enough to come before it.
    let set = try Allocations.count {
      for index in 0..<10 { _ = state.set(key: "key \(index)", value: [1]) }
    }
    #expect(set.size < 10 * 1_024 + 40_000)
  }

  @Test func `a change beside a frozen copy copies a page, not the state`() throws {
    var state = Self.filled(10_000)
    let size = Self.contentSize(of: state)
    let writer = SnapshotWriter(key: MemberKey(rawValue: 1), state: state, replica: .none)
    let set = try Allocations.count { _ = state.set(key: "key 1", value: [1]) }
    #expect(set.size < 60_000 && size > 1_000_000)
    #expect(writer.progress.version + 1 == state.version)
  }

  @Test func `writing entries out allocates nothing`() throws {
    let state = Self.filled(1_000)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(200_000)
    let writing = try Allocations.count {
      var last: Version = 0
      state.forEach { entry in
        entry.write(after: last, to: &bytes)
        last = entry.version
        return true
      }
    }
    #expect(bytes.count > 100_000 && writing.size == 0)
  }

  @Test func `taking entries in allocates in proportion to them`() throws {
    let state = Self.filled(5_000)
    var section = HandMadeSection(end: 5_000)
    state.forEach { entry in
      section.entries.append(entry)
      return true
    }
    let bytes = section.bytes()
    var reader = WireReader(0..<bytes.count)
    let read = try #require(try Section.read(bytes.span, &reader).state)
    var replica = Samples.state()
    var log = ChangeLog(isRecording: false)
    let limits = EntryLimits(entryCount: 5_000, keySize: 100, valueSize: 100)
    let taking = try Allocations.count {
      replica.apply(read, bytes.span, limits: limits, log: &log)
    }
    #expect(taking.result == .accepted && replica.entryCount == 5_000)
    #expect(taking.size < 4 * bytes.count)
    #expect(replica.text == state.text)
  }
}
