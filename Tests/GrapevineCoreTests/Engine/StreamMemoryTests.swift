import GrapevineCore
import Testing

/// What streams may hold of this node's memory, all together.
@Suite struct StreamMemoryTests {
  private static let limit = 1 << 20
  private static let valueSize = 200_000

  private var configuration: GossipConfiguration {
    var configuration = GossipConfiguration()
    configuration.streamMemoryLimit = Self.limit
    configuration.valueSizeLimit = Self.valueSize
    return configuration
  }

  /// A stream of a peer that has greeted, and what the node did.
  private func open(_ engine: inout Engine, _ name: String) -> StreamID {
    let stream = engine.streamAccepted(from: Stranger.endpoint, now: Engine.start)
    engine.hear(stream, Stranger(id: MemberID(name: name, generation: 1)).hello())
    return stream
  }

  private func aborted(_ engine: inout Engine) -> [StreamID] {
    engine.streamActions().compactMap { if case .abort(let id) = $0 { id } else { nil } }
  }

  /// Frames of a message that goes on.
  private func endless(_ size: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = size
    while rest > 0 {
      let payload = [UInt8](repeating: 1, count: min(rest, FrameKind.payloadLimit))
      var frame = Stranger().frame(.delta, payload)
      frame[0] |= FrameKind.continuedFlag
      bytes += frame
      rest -= payload.count
    }
    return bytes
  }

  @Test func `the message that is unfinished for longest makes room`() {
    var engine = Engine.alone("node", configuration)
    let streams = (0..<6).map { open(&engine, "peer-\($0)") }
    _ = engine.streamActions()
    for (index, stream) in streams.dropLast().enumerated() {
      engine.hear(stream, endless(200_000), now: Engine.start + .milliseconds(index))
    }
    #expect(aborted(&engine) == [])
    // One byte less than there is room for, and then one more.
    engine.hear(streams[5], endless(Self.limit - 5 * 200_000), now: Engine.start + .seconds(1))
    #expect(aborted(&engine) == [])
    #expect(engine.metrics.drops[.limit] == 0)
    engine.hear(streams[4], endless(1), now: Engine.start + .seconds(1))
    #expect(aborted(&engine) == [streams[0]])
    #expect(engine.metrics.drops[.limit] == 1)
  }

  @Test func `a greeting fits in a frame`() {
    var engine = Engine.alone("node", configuration)
    let stream = engine.streamAccepted(from: Stranger.endpoint, now: Engine.start)
    var frame = Stranger().frame(.hello, [UInt8](repeating: 1, count: FrameKind.payloadLimit))
    frame[0] |= FrameKind.continuedFlag
    engine.hear(stream, frame)
    #expect(aborted(&engine) == [])
    engine.hear(stream, Stranger().frame(.hello, [1]))
    #expect(aborted(&engine) == [stream])
    #expect(engine.metrics.drops[.malformed] == 1)
  }

  @Test func `what waits for peers that do not read is bounded, and none of it is lost`() throws {
    var engine = Engine.alone("node", configuration)
    let value = [UInt8](repeating: 2, count: Self.valueSize)
    for index in 0..<10 {
      _ = try engine.update([.set(key: "key-\(index)", value: value)], now: Engine.start)
    }
    let streams = (0..<20).map { open(&engine, "peer-\($0)") }
    for stream in streams { engine.hear(stream, Stranger().digest()) }
    var waiting: [StreamID: [Int]] = [:]
    var sent: [StreamID: Int] = [:]
    func collect() {
      for action in engine.streamActions() {
        guard case .send(let id, let bytes) = action else { continue }
        waiting[id, default: []].append(bytes.count)
        sent[id, default: 0] += bytes.count
      }
    }
    collect()
    let held = waiting.values.joined().reduce(0, +)
    // Each has at most one message, of one value, beyond what the limit lets it begin.
    #expect(held <= Self.limit + Self.valueSize + FrameKind.sizeLimit)
    #expect(held >= Self.limit / 2)
    // They read after all, one after the other, the last one first.
    while let id = waiting.keys.max() {
      var sizes = waiting[id] ?? []
      guard !sizes.isEmpty else {
        waiting[id] = nil
        continue
      }
      let size = sizes.removeFirst()
      waiting[id] = sizes
      engine.streamWrote(id, size, now: Engine.start)
      collect()
    }
    #expect(sent.count == streams.count)
    for stream in streams { #expect(sent[stream] ?? 0 > 10 * Self.valueSize) }
  }

  @Test(arguments: [false, true])
  func `who reads nothing does not keep others waiting by what it says`(saysDone: Bool) throws {
    var engine = Engine.alone("node", configuration)
    var now = Engine.start
    for index in 0..<40 {
      let value = [UInt8](repeating: 2, count: 20_000)
      _ = try engine.update([.set(key: "key-\(index)", value: value)], now: now)
    }
    let deaf = (0..<6).map { open(&engine, "deaf-\($0)") }
    for stream in deaf { engine.hear(stream, Stranger().digest(), now: now) }
    _ = engine.streamActions()
    let reader = open(&engine, "reader")
    engine.hear(reader, Stranger().digest(), now: now)
    var abortedCount = 0
    var sentCount = 0
    for _ in 0..<8 {
      for action in engine.streamActions() {
        switch action {
        case .abort: abortedCount += 1
        case .send(reader, let bytes):
          sentCount += bytes.count
          engine.streamWrote(reader, bytes.count, now: now)
        default: break
        }
      }
      now = now + .milliseconds(9_900)
      engine.advance(to: now)
      for stream in deaf {
        engine.hear(stream, Stranger().frame(saysDone ? .done : .delta), now: now)
      }
      engine.hear(reader, Stranger().frame(.delta), now: now)
    }
    #expect(abortedCount == deaf.count && sentCount > 500_000)
  }

  @Test(arguments: [FrameKind.done, .delta, .digest])
  func `nothing is said after the last word`(kind: FrameKind) {
    var engine = Engine.alone("node", configuration)
    let stream = open(&engine, "peer")
    engine.hear(stream, Stranger().digest())
    engine.hear(stream, Stranger().frame(.done))
    #expect(aborted(&engine) == [] && engine.metrics.drops.total == 0)
    engine.hear(stream, Stranger().frame(kind))
    #expect(aborted(&engine) == [stream] && engine.metrics.drops[.malformed] == 1)
  }
}
