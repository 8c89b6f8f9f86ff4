internal import GrapevineCore
internal import GrapevineTransport

/// Two sockets on one event loop, between which a batch of packets goes to and fro.
final class SocketVolley {
  private let loop: EventLoop
  private let players: Players
  private let id: ClientID

  init(packetSize: Int) throws {
    loop = try EventLoop()
    players = try Players(packetSize: packetSize)
    id = try loop.add(players)
  }

  deinit {
    // The loop holds the players, and they do not hold it.
    loop.remove(id)
  }

  /// Lets packets go out and come in, until that many have come.
  func play(packetCount: Int) throws {
    players.rest.withLock { $0 = packetCount }
    loop.poke(id)
    let isDone = players.rest.wait(atMost: .seconds(10)) { $0 <= 0 ? true : nil }
    guard isDone == true else { throw EvaluationError("packets on the loopback got lost") }
  }

  /// What is on the loop.
  private final class Players: EventLoopClient {
    /// Packets that are to come in.
    let rest = Locked(0)
    private let sockets: [DatagramSocket]
    private let registrations = Locked<[RegistrationID]>([])
    private let packet: [UInt8]

    init(packetSize: Int) throws {
      let endpoint = Endpoint(ipv4: 0x7F00_0001, port: 0)
      sockets = try (0..<2).map { _ in try DatagramSocket(bind: endpoint) }
      packet = [UInt8](repeating: 7, count: packetSize)
    }

    func attach(to context: EventLoop.Context, as id: ClientID) throws(SystemError) {
      for (number, socket) in sockets.enumerated() {
        let registration = try context.register(socket, .readable, as: UInt64(number), for: id)
        registrations.withLock { $0.append(registration) }
      }
    }

    func poked(in context: EventLoop.Context) {
      let count = rest.withLock { min($0, DatagramOutbox.batchSize) }
      AllocationCount.credit {
        send(count, by: sockets[0], to: sockets[1].boundEndpoint, context)
      }
    }

    func ready(_ source: UInt64, _ readiness: Readiness, in context: EventLoop.Context) {
      AllocationCount.credit {
        let socket = sockets[Int(source)]
        try? context.inbox.receive(from: socket)
        let count = context.inbox.count
        let isDone = rest.withLockNotifying {
          $0 -= count
          return $0 <= 0
        }
        guard !isDone, count > 0, let target = context.inbox.source(at: 0) else { return }
        send(count, by: socket, to: target, context)
      }
    }

    private func send(
      _ count: Int,
      by socket: DatagramSocket,
      to target: Endpoint,
      _ context: EventLoop.Context
    ) {
      for _ in 0..<count {
        _ = context.outbox.append { bytes in
          bytes.append(contentsOf: packet)
          return target
        }
      }
      var failures = TransportMetrics()
      context.outbox.send(through: socket, counting: &failures)
    }

    func deadlineReached(in context: EventLoop.Context) {}

    func detach(from context: EventLoop.Context) {
      let registrations = registrations.withLock { $0 }
      for (socket, registration) in zip(sockets, registrations) {
        context.deregister(socket, registration)
      }
    }
  }
}
