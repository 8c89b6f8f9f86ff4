import Allocations
import GrapevineCore
import Pacing
import Testing

/// The decoder and the engine under datagrams that nobody sent; `CASES` sets how many, `SEED` where
/// they begin.
@Suite(.computing) struct DecoderTests {
  /// Reads a datagram as far as it can be read without an engine.
  private static func decode(_ bytes: [UInt8]) throws(MalformedDatagram) -> PacketKind {
    let span = bytes.span
    let header = try PacketHeader.read(span, label: 0)
    var reader = WireReader(PacketHeader.size..<bytes.count)
    switch header.kind {
    case .heartbeat: _ = try Heartbeat.read(span, &reader)
    case .digest: try DigestRange.validate(span, reader)
    case .delta: try Delta.validate(span, reader)
    case .push:
      _ = try PushHead.read(span, &reader)
      try PushHead.validate(span, reader)
    case .ping, .ack: _ = try Ping.read(span, &reader)
    case .pingRequest: _ = try PingRequest.read(span, &reader)
    case .request: _ = try Inquiry.readRequest(span, &reader)
    case .reply: _ = try Inquiry.readReply(span, &reader)
    }
    return header.kind
  }

  private static func reason(_ bytes: [UInt8]) -> MalformedDatagram? {
    do {
      _ = try decode(bytes)
      return nil
    } catch {
      return error
    }
  }

  /// What reading `size` bytes may allocate; without optimisation the language itself boxes values
  /// on the way.
  private static func allowance(_ size: Int) -> Int {
    #if DEBUG
      64 * size + 4_096
    #else
      4 * size + 1_024
    #endif
  }

  @Test func `spoiled datagrams never trap the decoder, and cost no more than they are`() throws {
    let corpus = DatagramCorpus()
    let count = Environment.caseCount(usual: 20_000)
    var drops = Metrics.Drops()
    var acceptedCount = 0
    var largest = 0
    for index in 0..<count {
      var random = Xoshiro256(seed: Environment.firstSeed &+ UInt64(index))
      let bytes = corpus.next(&random)
      let (reason, size) = try Allocations.count { Self.reason(bytes) }
      largest = max(largest, size)
      if let reason { drops[reason.reason] += 1 } else { acceptedCount += 1 }
      if size > Self.allowance(bytes.count) {
        Issue.record(
          "\(size) bytes for \(bytes); \(Environment.replay(case: index, filter: "spoiled"))"
        )
        return
      }
    }
    #expect(drops.total + acceptedCount == count)
    print("\(count) datagrams: \(acceptedCount) well-formed, at most \(largest) bytes allocated")
    guard count >= 10_000 else { return }
    let reasons: [Metrics.DropReason] = [
      .tooShort, .wrongMagic, .wrongVersion, .sealed, .wrongLabel, .unknownKind, .malformed,
      .notUTF8,
    ]
    for reason in reasons { #expect(drops[reason] > 0, "\(reason)") }
    #expect(acceptedCount > count / 20)
  }

  @Test func `a valid datagram is read for next to nothing`() throws {
    for bytes in DatagramCorpus().datagrams {
      let (reason, size) = try Allocations.count { Self.reason(bytes) }
      #expect(reason == nil)
      #expect(size <= Self.allowance(bytes.count) / 2, "\(size) bytes for \(bytes.count)")
    }
  }

  @Test func `the datagrams that tests spoil are of all kinds`() {
    let kinds = DatagramCorpus().datagrams.map { $0[3] }
    for kind in PacketKind.allCases {
      #expect(kinds.count { $0 == kind.rawValue } >= 2, "\(kind)")
    }
  }

  @Test func `an engine counts each spoiled datagram once, and changes nothing for one it drops`() {
    let corpus = DatagramCorpus()
    let count = Environment.caseCount(usual: 8_000)
    var engine = corpus.engine
    var counts = Metrics()
    for index in 0..<count {
      var random = Xoshiro256(seed: Environment.firstSeed &+ UInt64(index))
      // News that is taken changes what the next can do; now and then it begins anew. It must, too,
      // when datagrams in its own name have made it believe in a twin: from then on it takes
      // nothing.
      if index % 64 == 0 || engine.isSuperseded { engine = corpus.engine }
      let bytes = corpus.next(&random)
      if let failure = Self.feed(bytes, to: &engine, &counts) {
        Issue.record(
          "\(failure): \(bytes); \(Environment.replay(case: index, filter: "spoiled"))"
        )
        return
      }
      if index % 16 == 15 { engine.checkInvariants() }
    }
    let taken = counts.taken
    #expect(taken + counts.drops.total == count)
    print("\(count) datagrams into an engine: \(taken) taken")
    for reason in Metrics.DropReason.allCases where counts.drops[reason] > 0 {
      print("  \(reason): \(counts.drops[reason])")
    }
  }

  /// Feeds a datagram and says what is wrong with what came of it; adds to `counts` what was
  /// counted for it.
  private static func feed(
    _ bytes: [UInt8],
    to engine: inout Engine,
    _ counts: inout Metrics
  ) -> String? {
    let before = engine.metrics
    let fingerprint = engine.fingerprint
    engine.receive(bytes.span, from: DatagramCorpus.source, now: Instant(nanoseconds: 1 << 40))
    let after = engine.metrics
    let isChanged = engine.fingerprint != fingerprint
    let (count, answerCount) = drain(&engine)
    let taken = after.taken - before.taken
    let dropCount = after.drops.total - before.drops.total
    counts.heartbeatsIn += taken
    guard after.packetsIn == before.packetsIn + 1 else { return "not counted" }
    guard answerCount <= engine.configuration.burst else { return "\(answerCount) answers" }
    if taken == 1 {
      return reason(bytes) == nil ? nil : "taken, though malformed"
    }
    guard taken == 0, dropCount == 1 else { return "\(dropCount) drops" }
    guard count == 0, !isChanged else { return "dropped with effect" }
    for reason in Metrics.DropReason.allCases {
      counts.drops[reason] += after.drops[reason] - before.drops[reason]
    }
    // These are no fault of the format.
    for reason: Metrics.DropReason in [.fromSelf, .misdirected, .limit] {
      guard after.drops[reason] == before.drops[reason] else { return nil }
    }
    guard let reason = reason(bytes)?.reason else { return "dropped, though well-formed" }
    return after.drops[reason] == before.drops[reason] + 1 ? nil : "counted as something else"
  }

  /// Takes all that comes out; returns the number of datagrams that came first, and of those among
  /// them that went back to where the spoiled one came from: pushes go on to others.
  private static func drain(_ engine: inout Engine) -> (count: Int, answerCount: Int) {
    var bytes: [UInt8] = []
    var datagramCount = 0
    var answerCount = 0
    while let target = engine.nextDatagram(into: &bytes) {
      datagramCount += 1
      if target == DatagramCorpus.source { answerCount += 1 }
    }
    while let action = engine.nextStreamAction() {
      if case .open(let id, _) = action {
        engine.streamClosed(id, .refused, now: Instant(nanoseconds: 1 << 40))
      }
    }
    while engine.nextDatagram(into: &bytes) != nil {}
    while engine.nextEvent() != nil {}
    return (datagramCount, answerCount)
  }
}

extension Metrics {
  /// The packets that were taken, of all kinds.
  fileprivate var taken: Int {
    heartbeatsIn + digestsIn + deltasIn + pushPacketsIn + pingsIn + relaysIn + acksIn + requestsIn
      + repliesIn
  }
}

extension Engine {
  /// Says whether the node has gone silent for good.
  fileprivate var isSuperseded: Bool {
    var copy = self
    do {
      _ = try copy.update([], now: .zero)
      return false
    } catch {
      return true
    }
  }
}
