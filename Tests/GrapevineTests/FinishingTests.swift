import Glibc
import Grapevine
import GrapevineCore
import GrapevineTransport
import Pacing
import Testing

/// Streams that the engine has finished, whose rest nobody reads.
@Suite(.inTurn, .nodesStay, .timeLimit(.minutes(1))) struct FinishingTests {
  /// The driver's limit.
  private static let limit = 64

  @Test func `Of finished streams whose rest nobody reads only as many as the limit stay open`()
    async throws
  {
    let node = try makeNode("node") { $0.gossip.streamTimeout = .seconds(600) }
    // The queue of a stream takes all of it, the kernel does not.
    try node.set("filling", [UInt8](repeating: 1, count: 240_000))
    let listener = DeafListener()
    let answer =
      Forger("deaf").hello() + Forger.frame(.digest, Forger.entries()) + Forger.frame(.done)
    var streams: [RawStream] = []
    for _ in 0..<Self.limit + 32 {
      _ = node.runtime.withEngine { engine, now in engine.join(listener.endpoint, now: now) }
      let stream = listener.accept()
      #expect(stream.sendAll(answer))
      streams.append(stream)
      try await eventually("the engine has finished it") { node.holdings.streams == 0 }
    }
    try await eventually("the others are broken off") {
      streams.count { !$0.isEnded } <= Self.limit
    }
    #expect(streams.count { !$0.isEnded } == Self.limit)
    // Who has taken nothing for the longest goes first.
    #expect(streams.suffix(Self.limit / 2).allSatisfy { !$0.isEnded })
  }
}

/// A listener whose connections take few bytes that nobody reads.
private final class DeafListener: Sendable {
  let endpoint: Endpoint
  private let descriptor: CInt

  init() {
    descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    precondition(descriptor >= 0, "no socket to listen: errno \(errno)")
    // Small segments make the sender's kernel hold little.
    var (buffer, segment): (CInt, CInt) = (4_096, 536)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &buffer, 4)
    setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_MAXSEG, &segment, 4)
    endpoint = RawAddress.bind(descriptor, to: Endpoint(ipv4: 0x7F00_0001, port: 0))
    precondition(listen(descriptor, 16) == 0)
  }

  deinit {
    close(descriptor)
  }

  /// Waits for the next connection.
  func accept() -> RawStream {
    var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    precondition(poll(&wanted, 1, 20_000) == 1, "nobody connects")
    let connection = Glibc.accept(descriptor, nil, nil)
    _ = fcntl(connection, F_SETFL, O_NONBLOCK)
    return RawStream(connected: connection)
  }
}
