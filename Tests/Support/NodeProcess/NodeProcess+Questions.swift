import Glibc
import Grapevine
import GrapevineCore
import GrapevineTransport

// What tests of attacks want to know of the attacked node, and what it is to hold.
extension NodeProcess {
  /// Obeys a command; false if there is no such one.
  static func obeyQuestion(_ words: [String], _ node: Node) throws -> Bool {
    switch words.first {
    case "process":
      say("process \(getpid())")
    case "self":
      say("self \(node.id)")
    case "counters":
      say("counters \(counters(of: node))")
    case "holdings":
      say("holdings \(holdings(of: node))")
    case "trim":
      trim()
      say("trimmed")
    case "sockets":
      say("sockets \(sockets(of: node))")
    case "value" where words.count == 3:
      say("value \(node.text(of: words[2], member: words[1]) ?? "nothing")")
    case "fill" where words.count == 3:
      let value = [UInt8](repeating: 1, count: Int(words[2]) ?? 0)
      for index in 0..<(Int(words[1]) ?? 0) { try node.set("filling-\(index)", value) }
      say("filled \(words[1])")
    default:
      return false
    }
    return true
  }

  private static func sockets(of node: Node) -> String {
    let metrics = node.transportMetrics
    return """
      taken \(metrics.tunnelsTaken) opened \(metrics.tunnelsOpened) \
      failed \(metrics.tunnelsFailed) displaced \(metrics.tunnelsDisplaced) \
      malformed \(metrics.tunnelsMalformed) late \(metrics.tunnelsLate) \
      withoutRoom \(metrics.sendsWithoutRoom) withoutTunnel \(metrics.sendsWithoutTunnel)
      """
  }

  private static func holdings(of node: Node) -> String {
    let held = node.holdings
    return """
      members \(held.members) buried \(held.buried) streams \(held.streams) \
      streamBytes \(held.streamBytes) stagedBytes \(held.stagedBytes) packets \(held.packets) \
      questions \(held.questions) exchanges \(held.exchanges)
      """
  }

  /// Gives the system back all memory that is free; see malloc_trim(3).
  private static func trim() {
    typealias Trim = @convention(c) (Int) -> CInt
    guard let symbol = dlsym(nil, "malloc_trim") else { return }
    _ = unsafeBitCast(symbol, to: Trim.self)(0)
  }

  private static func counters(of node: Node) -> String {
    let metrics = node.counters
    return """
      packets \(metrics.packetsIn) answered \(metrics.packetsOut) drops \(metrics.drops.total) \
      streams \(metrics.streamsIn) refused \(metrics.streamsRefused) \
      known \(node.memberCount) live \(node.liveMemberCount) limited \(metrics.stateRefused) \
      pushes \(metrics.pushPacketsOut) reasons: \(metrics.drops)
      """
  }
}
