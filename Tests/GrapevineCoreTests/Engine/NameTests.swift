import GrapevineCore
import Testing

/// One name, one node: what a node makes of itself, of its earlier lives, and of twins.
struct NameTests {
  @Test func `a node that reaches itself by another address goes on as it is`() {
    var pump = Pump()
    let node = pump.add("node")
    let loopback = Endpoint(ipv4: 0x7F00_0001, port: 7_000)
    pump.aliases[loopback] = node
    pump.engines[node].addSeeds([loopback], now: pump.now)
    pump.run(for: .seconds(30))
    #expect(pump.engines[node].metrics.drops[.fromSelf] == 1)
    #expect(pump.engines[node].localID == MemberID(name: "node", generation: 1))
    #expect(pump.events[node] == [])
  }

  @Test func `own packets from an address where nobody answers change nothing`() {
    var pump = Pump()
    let node = pump.add("node")
    let sample = pump.add("sample")
    pump.engines[node].addSeeds([pump.engines[sample].localEndpoint], now: pump.now)
    var packet: [UInt8] = []
    while pump.engines[node].nextDatagram(into: &packet) == nil {
      pump.now = pump.engines[node].nextDeadline
      pump.engines[node].advance(to: pump.now)
    }
    for port in 1...20 as ClosedRange<UInt16> {
      let source = Endpoint(ipv4: 0x0B00_0001, port: port)
      pump.engines[node].receive(packet.span, from: source, now: pump.now)
      pump.settle()
    }
    #expect(pump.engines[node].metrics.drops[.fromSelf] == 20)
    #expect(pump.engines[node].localID == MemberID(name: "node", generation: 1))
    #expect(pump.events[node] == [])
  }
}
