import GrapevineCore
import Testing

/// A member whose host has got another address than the one that it has told.
struct MovedTests {
  @Test func `what it has comes by streams to where it speaks from`() throws {
    var pump = Pump()
    for name in ["a", "b", "c"] { _ = pump.add(name) }
    for index in 1..<3 { _ = pump.join(index, to: 0) }
    pump.run(for: .seconds(10))
    pump.moved[2] = Endpoint(ipv4: 0x0A00_0099, port: 7_000)
    for (count, size) in [1, 100_000, 2, 200_000].enumerated() {
      let value = [UInt8](repeating: UInt8(count), count: size)
      for index in [0, 2] {
        _ = try pump.engines[index].update([.set(key: "key", value: value)], now: pump.now)
      }
      pump.settle()
      pump.run(for: .seconds(20))
      for engine in pump.engines {
        #expect(engine.entry("key", of: "a")?.value == value, "\(size)")
        #expect(engine.entry("key", of: "c")?.value == value, "\(size)")
      }
    }
    #expect(Set(pump.engines.map(\.fingerprint)).count == 1)
    for engine in pump.engines { #expect(engine.liveMemberCount == 3) }
  }
}
