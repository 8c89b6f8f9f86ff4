import Glibc
import GrapevineCore
import GrapevineTransport
import Testing

@Suite struct DatagramTests {
  /// Sends `payloads` and returns what could not be sent.
  private func send(
    _ payloads: [[UInt8]],
    from socket: DatagramSocket,
    to destination: Endpoint
  ) -> TransportMetrics {
    let outbox = DatagramOutbox()
    for payload in payloads {
      let hasAppended = outbox.append {
        $0 += payload
        return destination
      }
      #expect(hasAppended)
    }
    var metrics = TransportMetrics()
    outbox.send(through: socket, counting: &metrics)
    #expect(outbox.count == 0)
    return metrics
  }

  /// Takes all that waits; on the loopback a datagram is there when the call that sent it returns.
  private func receiveAll(
    from socket: DatagramSocket
  ) throws -> [(bytes: [UInt8], source: Endpoint?)] {
    let inbox = DatagramInbox()
    var all: [(bytes: [UInt8], source: Endpoint?)] = []
    while true {
      try inbox.receive(from: socket)
      guard inbox.count > 0 else { return all }
      for index in 0..<inbox.count {
        #expect(!inbox.isTruncated(at: index))
        let bytes = inbox.withDatagram(at: index) { span in span.indices.map { span[$0] } }
        all.append((bytes, inbox.source(at: index)))
      }
    }
  }

  @Test(arguments: [loopback4, loopback6])
  func `A batch larger than one call arrives whole and in order`(_ address: Endpoint) throws {
    let sender = try DatagramSocket(bind: address)
    let receiver = try DatagramSocket(bind: address)
    let payloads = (0..<150).map { [UInt8](repeating: UInt8($0), count: $0) }
    let metrics = send(payloads, from: sender, to: receiver.boundEndpoint)
    #expect(metrics == TransportMetrics())
    let received = try receiveAll(from: receiver)
    #expect(received.map(\.bytes) == payloads)
    #expect(received.allSatisfy { $0.source == sender.boundEndpoint })
  }

  @Test(arguments: [loopback4, loopback6])
  func `The largest datagram goes through and a larger one is counted`(
    _ address: Endpoint
  ) throws {
    let sender = try DatagramSocket(bind: address)
    let receiver = try DatagramSocket(bind: address)
    let largest = (0..<65_507).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let tooLarge = [UInt8](repeating: 1, count: 65_536)
    let metrics = send([largest, tooLarge, [7]], from: sender, to: receiver.boundEndpoint)
    #expect(metrics.sendsTooLarge == 1)
    #expect(try receiveAll(from: receiver).map(\.bytes) == [largest, [7]])
  }

  @Test func `A socket bound to all IPv6 addresses talks to IPv4 peers`() throws {
    let dual = try DatagramSocket(bind: Endpoint(ipv6: 0, 0, port: 0))
    let peer = try DatagramSocket(bind: loopback4)
    #expect(send([[1]], from: dual, to: peer.boundEndpoint) == TransportMetrics())
    let atPeer = try receiveAll(from: peer)
    #expect(atPeer.map(\.bytes) == [[1]])
    let dualPort = dual.boundEndpoint.port
    #expect(atPeer.first?.source == loopback4.with(port: dualPort))
    #expect(send([[2]], from: peer, to: loopback4.with(port: dualPort)) == TransportMetrics())
    let atDual = try receiveAll(from: dual)
    #expect(atDual.map(\.bytes) == [[2]])
    #expect(atDual.first?.source == peer.boundEndpoint)
  }

  @Test func `Datagrams to a closed port end nothing`() throws {
    let sender = try DatagramSocket(bind: loopback4)
    let closed = try DatagramSocket(bind: loopback4).boundEndpoint
    let receiver = try DatagramSocket(bind: loopback4)
    for _ in 0..<10 { _ = send([[1], [2]], from: sender, to: closed) }
    #expect(try receiveAll(from: sender).isEmpty)
    _ = send([[3]], from: sender, to: receiver.boundEndpoint)
    #expect(try receiveAll(from: receiver).map(\.bytes) == [[3]])
  }

  @Test func `A datagram that fails does not take those after it along`() throws {
    let sender = try DatagramSocket(bind: loopback4)
    let receiver = try DatagramSocket(bind: loopback4)
    let outbox = DatagramOutbox()
    let destinations = [loopback6.with(port: 9), receiver.boundEndpoint, loopback6.with(port: 9)]
    for (index, destination) in destinations.enumerated() {
      _ = outbox.append {
        $0.append(UInt8(index))
        return destination
      }
    }
    var metrics = TransportMetrics()
    outbox.send(through: sender, counting: &metrics)
    #expect(metrics.sendsUnreachable == 2)
    #expect(try receiveAll(from: receiver).map(\.bytes) == [[1]])
  }

  @Test func `A lost datagram leaves no byte in the box`() throws {
    let sender = try DatagramSocket(bind: loopback4)
    let receiver = try DatagramSocket(bind: loopback4)
    let outbox = DatagramOutbox()
    for byte: UInt8 in 0..<6 {
      _ = outbox.append(isLost: { _ in byte % 2 == 0 }) {
        $0 += [byte, byte]
        return receiver.boundEndpoint
      }
    }
    #expect(outbox.count == 3)
    var metrics = TransportMetrics()
    outbox.send(through: sender, counting: &metrics)
    #expect(try receiveAll(from: receiver).map(\.bytes) == [[1, 1], [3, 3], [5, 5]])
  }

  @Test func `A port in use is an error that names the address`() throws {
    let first = try PortPair(bind: loopback4)
    let error = #expect(throws: SystemError.self) { try PortPair(bind: first.endpoint) }
    #expect(error?.code == EADDRINUSE)
    #expect(error?.description.contains("\(first.endpoint)") == true)
  }

  @Test(arguments: [loopback4, loopback6, Endpoint(ipv6: 0, 0, port: 0)])
  func `UDP and TCP share the port that the system chose`(_ address: Endpoint) throws {
    let pairs = try (0..<32).map { _ in try PortPair(bind: address) }
    for pair in pairs {
      #expect(pair.datagrams?.boundEndpoint == pair.listener.boundEndpoint)
      #expect(pair.endpoint.port != 0)
    }
    #expect(Set(pairs.map(\.endpoint.port)).count == pairs.count)
  }

  @Test func `A port that TCP holds alone is refused as a whole`() throws {
    let listener = try StreamListener(bind: loopback4)
    let error = #expect(throws: SystemError.self) { try PortPair(bind: listener.boundEndpoint) }
    #expect(error?.code == EADDRINUSE)
    // The UDP half is free again.
    #expect(throws: Never.self) { try DatagramSocket(bind: listener.boundEndpoint) }
  }

  @Test func `An address of no interface can't be bound`() throws {
    let error = #expect(throws: SystemError.self) {
      try DatagramSocket(bind: Endpoint(ipv4: 0xC000_0201, port: 0))
    }
    #expect(error?.code == EADDRNOTAVAIL)
  }
}
