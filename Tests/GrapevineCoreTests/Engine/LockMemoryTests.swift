import GrapevineCore
import Testing

/// What a member answers about locks whose promises it has forgotten.
struct LockMemoryTests {
  private let first = LockID(prefix: "test", key: "first")
  private let second = LockID(prefix: "test", key: "second")

  /// A node that remembers one lock, among three members.
  private static func makeStage() -> Stage {
    var configuration = Stage.wide
    configuration.lockMemoryLimit = 1
    return Stage(3, configuration)
  }

  @Test func `what a member holds is its own still when the promise is forgotten`() throws {
    var stage = Self.makeStage()
    #expect(try stage.ask(0, first, 5, isHeld: true) == LockReply(first, 5, .free))
    // Takes the place of the first one.
    #expect(try stage.ask(1, second, 9) == LockReply(second, 9, .free))
    for _ in 0..<2 {
      #expect(try stage.ask(0, first, 5, isHeld: true) == LockReply(first, 5, .free))
    }
    // It goes on remembering the second one.
    #expect(try stage.ask(2, second, 9) == LockReply(second, 9, .outbid))
  }

  @Test func `no epoch up to the highest that is forgotten is promised again`() throws {
    var stage = Self.makeStage()
    #expect(try stage.ask(0, first, 5) == LockReply(first, 5, .free))
    #expect(try stage.ask(1, second, 9) == LockReply(second, 9, .free))
    // Whoever held it with a lower epoch, the one that was promised last is above that.
    #expect(try stage.ask(1, first, 3, isHeld: true) == LockReply(first, 3, .free))
    #expect(try stage.ask(2, first, 4) == LockReply(first, 5, .outbid))
    #expect(try stage.ask(2, first, 5) == LockReply(first, 5, .outbid))
    #expect(try stage.ask(2, first, 6) == LockReply(first, 6, .free))
  }

  @Test func `a holder may ask twice`() throws {
    var stage = Stage(3, Stage.wide)
    stage.engine.claimLock(first, now: stage.now)
    // The node wants it with a higher epoch, which nobody has agreed to.
    for _ in 0..<2 {
      #expect(try stage.ask(0, first, 5, isHeld: true) == LockReply(first, 5, .free))
    }
    #expect(try stage.ask(1, first, 6) != LockReply(first, 6, .free))
  }
}

extension LockReply {
  fileprivate init(_ id: LockID, _ epoch: LockEpoch, _ answer: LockAnswer) {
    self.init(id: id, epoch: epoch, answer: answer)
  }
}

extension Stage {
  /// Lets a member ask the node about a lock; returns the answer.
  fileprivate mutating func ask(
    _ index: Int,
    _ id: LockID,
    _ epoch: LockEpoch,
    isHeld: Bool = false
  ) throws -> LockReply {
    forget()
    var body: [UInt8] = []
    Inquiry.write(LockRequest(id: id, epoch: epoch, isHeld: isHeld), 7, to: &body)
    say(index, .request, body)
    let packet = try #require(packets(.reply, to: index).last)
    var reader = WireReader(PacketHeader.size..<packet.bytes.count)
    guard case .lock(let reply) = try Inquiry.readReply(packet.bytes.span, &reader).reply else {
      throw MalformedDatagram.malformed
    }
    return reply
  }
}
