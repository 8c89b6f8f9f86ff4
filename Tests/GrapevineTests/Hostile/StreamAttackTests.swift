import Grapevine
import GrapevineCore
import GrapevineTransport
import Testing

extension HostileTests {
  /// Streams that hold on to what a node has only so much of.
  @Suite(.nodesStay) struct Streams {
    @Test func `A thousand connections at once leave room for members`() async throws {
      let arena = try await Arena()
      try await arena.withstand("1000 connections at once") {
        let streams = (0..<1_000).map { _ in RawStream(to: arena.target) }
        arena.expectClosed(streams, "of those that never say a word")
      }
      #expect(try await arena.counter("refused") > 0)
      try await arena.expectNewcomer()
    }

    @Test func `Greetings that never end are given up`() async throws {
      let arena = try await Arena()
      let hello = Forger("slow").hello()
      try await arena.withstand("200 greetings that never end") {
        let streams = (0..<200).map { _ in RawStream(to: arena.target) }
        for (index, stream) in streams.enumerated() {
          stream.send(hello.prefix(1 + index % (hello.count - 1)))
        }
        arena.expectClosed(streams, "of those that greet by half")
      }
      try await arena.expectNewcomer()
    }

    @Test func `Streams that trickle do not keep their place`() async throws {
      let arena = try await Arena()
      let hello = Forger("trickler").hello()
      // Twenty bytes in the time for which a stream may be silent.
      let pause = Arena.streamTimeout / 20
      try await arena.withstand("64 streams that trickle") {
        let streams = (0..<64).map { _ in RawStream(to: arena.target) }
        let end = MonotonicClock.now() + Arena.streamTimeout * 3
        var place = 0
        while MonotonicClock.now() < end, place < hello.count - 1,
          !streams.allSatisfy(\.isClosed)
        {
          for stream in streams { stream.send([hello[place]]) }
          place += 1
          RawPause.wait(pause)
        }
        if place == hello.count - 1 { arena.complain("a greeting came through byte by byte") }
        arena.expectClosed(streams, "of those that trickle")
      }
      try await arena.expectNewcomer()
    }

    @Test func `Peers that never read do not fill the memory`() async throws {
      let arena = try await Arena()
      // Each of them is owed 12 MiB, in values as large as they may be.
      try await arena.victim.ask("fill 12 1048576", answer: "filled")
      try await arena.exchange(within: .seconds(120))
      try await arena.withstand("64 peers that never read") {
        let streams = (0..<64).map { index -> RawStream in
          let stream = RawStream(to: arena.target, receiving: 4_096)
          stream.sendAll(
            Forger("deaf-\(index)").hello() + Forger.frame(.digest, Forger.entries())
          )
          return stream
        }
        arena.expectEnded(streams, "of those that never read")
      }
      try await arena.expectNewcomer()
    }

    @Test func `Messages that never end do not fill the memory`() async throws {
      let arena = try await Arena()
      try await arena.withstand("64 messages of a mebibyte that never end") {
        let piece = [UInt8](repeating: 1, count: FrameKind.payloadLimit)
        let streams = (0..<64).map { index -> RawStream in
          let stream = RawStream(to: arena.target)
          stream.sendAll(Forger("endless-\(index)").hello())
          return stream
        }
        for _ in 0..<16 {
          for stream in streams {
            stream.sendAll(Forger.frame(.delta, piece, isContinued: true))
          }
        }
        arena.expectClosed(streams, "of those whose message never ends")
      }
      try await arena.expectNewcomer()
    }

    @Test func `Greetings longer than a frame are broken off`() async throws {
      let arena = try await Arena()
      try await arena.withstand("64 greetings of a mebibyte") {
        let piece = [UInt8](repeating: 1, count: FrameKind.payloadLimit)
        let streams = (0..<64).map { _ in RawStream(to: arena.target) }
        for _ in 0..<16 {
          for stream in streams {
            stream.sendAll(Forger.frame(.hello, piece, isContinued: true))
          }
        }
        arena.expectClosed(streams, "of those that greet without end")
      }
    }

    @Test func `Frames that claim 4 GiB get no memory`() async throws {
      let arena = try await Arena()
      let hello = Forger("giant").hello()
      // The length of a frame has three bytes; those in it claim what they like.
      let length = [UInt8](repeating: 255, count: 3)
      let key = [UInt8](repeating: 1, count: 8)
      var claims: [[UInt8]] = (1...6).map { [$0] + length + [UInt8](repeating: 255, count: 64) }
      claims.append([0x84] + length)
      claims.append(Forger.frame(.delta, key + length))
      claims.append(Forger.frame(.delta, key + [8, 0, 0, 3] + length + [0, 0, 0, 0]))
      for count in [UInt64(1) << 32, .max] {
        var range = [UInt8(1)] + [UInt8](repeating: 0, count: 8)
        range += [UInt8](repeating: 255, count: 8)
        range.appendVarint(count)
        claims.append(Forger.frame(.digest, range))
      }
      let said = claims
      let rounds = Arena.hasFullSize ? 100 : 10
      try await arena.withstand("frames that claim 4 GiB") {
        for _ in 0..<rounds {
          for greeting in [[], hello] {
            let streams = said.map { claim -> RawStream in
              let stream = RawStream(to: arena.target)
              stream.sendAll(greeting + claim)
              return stream
            }
            arena.expectClosed(streams, "of those that claim too much")
          }
        }
      }
      #expect(try await arena.counter("drops") >= rounds * said.count)
    }

    @Test(arguments: [false, true])
    func `Streams that are opened and closed in masses leave nothing`(
      isReset: Bool
    ) async throws {
      let arena = try await Arena()
      let count = Arena.hasFullSize ? 50_000 : 3_000
      try await arena.withstand("\(count) streams that are \(isReset ? "reset" : "closed") at once")
      {
        for index in 0..<count {
          let stream = RawStream(to: arena.target)
          if isReset { stream.resetOnClose() }
          if index % 3 == 0 { stream.send([1]) }
        }
      }
      try await arena.expectNewcomer()
    }
  }
}

/// A wait on a thread that may block.
enum RawPause {
  static func wait(_ duration: Duration) {
    let gate = Locked(false)
    _ = gate.wait(atMost: duration) { $0 ? () : nil }
  }
}

extension Arena {
  /// Waits until the node has closed all of these.
  func expectClosed(_ streams: [RawStream], _ whose: String) {
    expect(streams, whose) { $0.isClosed }
  }

  /// Waits until the node has ended all of these, none of which reads.
  func expectEnded(_ streams: [RawStream], _ whose: String) {
    expect(streams, whose) { $0.isEnded }
  }

  private func expect(_ streams: [RawStream], _ whose: String, _ isOver: (RawStream) -> Bool) {
    // What they sent is taken first, which may last longer than their time on a slow machine.
    let end = MonotonicClock.now() + Self.streamTimeout * 6 + .seconds(30)
    var open = streams
    while true {
      open.removeAll(where: isOver)
      guard !open.isEmpty, MonotonicClock.now() < end else { break }
      RawPause.wait(.milliseconds(10))
    }
    if !open.isEmpty { complain("\(open.count) are open \(whose)") }
  }

  /// Lets a node join by way of the attacked one.
  func expectNewcomer() async throws {
    let node = try makeNode("newcomer") {
      $0.gossip.interval = Self.interval
      $0.transport = transport
    }
    #expect(try await node.join([target.description]) == ["victim"])
    try await eventually("the honest ones know it") {
      honest.allSatisfy { $0.member(named: "newcomer")?.isLive == true }
    }
  }
}
