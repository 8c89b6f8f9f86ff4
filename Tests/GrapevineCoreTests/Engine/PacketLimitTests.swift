import GrapevineCore
import Testing

/// How large packets are and how many of them one may cause.
struct PacketLimitTests {
  @Test func `packets of 512 bytes carry a cluster that does not fit in one of them`() throws {
    var configuration = GossipConfiguration()
    configuration.maximumPacketSize = 512
    var pump = Pump()
    let nodes = (0..<40).map { pump.add("node-\($0)", configuration) }
    for node in nodes.dropFirst() { _ = pump.join(node, to: 0) }
    pump.run(for: .seconds(3))
    #expect(Set(pump.engines.map(\.fingerprint)).count == 1)
    let streams = pump.engines.map(\.metrics.streamsOut)
    try pump.set(3, "key", "value")
    pump.run(for: .seconds(3))
    #expect(pump.engines.allSatisfy { $0.entry("key", of: "node-3")?.text == "value" })
    #expect(pump.engines.map(\.metrics.streamsOut) == streams)
    #expect(pump.largestDatagram <= 512)
  }
}
