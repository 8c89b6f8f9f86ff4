import GrapevineCore
import Glibc
import GrapevineTransport

extension Node.Configuration {
  /// Binds the sockets and makes the engine; returns the runtime and the endpoint for others.
  func makeRuntime(
    for id: MemberID,
    on loop: Node.Loop,
    delegate: NodeHub,
    sealing: NodeSealing?
  ) throws(NodeError) -> (NodeRuntime, Endpoint) {
    do {
      let endpoint = try bindEndpoint()
      do {
        return try makeRuntime(
          at: endpoint,
          for: id,
          on: loop,
          delegate: delegate,
          sealing: sealing
        )
      } catch let error as SystemError
        where sockets == nil && isBoundToAll && error.code == EAFNOSUPPORT
      {
        // On a machine without IPv6 all addresses are the IPv4 ones.
        let endpoint = Endpoint(ipv4: 0, port: endpoint.port)
        return try makeRuntime(
          at: endpoint,
          for: id,
          on: loop,
          delegate: delegate,
          sealing: sealing
        )
      }
    } catch let error as InvalidConfiguration {
      throw NodeError(error)
    } catch let error as NodeError {
      throw error
    } catch let error as NoUsableAddress {
      throw NodeError(
        .addressUnavailable,
        value: interfaces.joined(separator: ", "),
        reason: "no address that others can reach: \(error)"
      )
    } catch let error as SystemError {
      throw NodeError(error, value: sockets.map { "\($0)" } ?? bind)
    } catch {
      throw NodeError(.systemFailure, value: bind, reason: "\(error)", cause: error)
    }
  }

  private func makeRuntime(
    at bind: Endpoint,
    for id: MemberID,
    on loop: Node.Loop,
    delegate: NodeHub,
    sealing: NodeSealing?
  ) throws -> (NodeRuntime, Endpoint) {
    let runtime = try NodeRuntime(
      bind: bind,
      given: try sockets?.take(),
      tunnels: usedTunnelLimits,
      loop: loop.eventLoop,
      delegate: delegate,
      sendLoss: sendLoss,
      network: memoryNetwork,
      streamTimeout: gossip.streamTimeout,
      sealing: sealing,
      advertise: advertisedEndpoint,
      makeEngine: { try makeEngine(for: id, at: $0, sealing) }
    )
    return (runtime, runtime.advertisedEndpoint)
  }

  /// What bounds the node's tunnels; nil if it has none.
  private var usedTunnelLimits: TunnelLimits? {
    guard transport == .streams else { return nil }
    var limits = tunnelLimits
    limits.preambleTimeout = min(limits.preambleTimeout, gossip.streamTimeout)
    return limits
  }

  private func makeEngine(
    for id: MemberID,
    at endpoint: Endpoint,
    _ sealing: NodeSealing?
  ) throws(StateError) -> Engine {
    var gossip = gossip
    if sealing != nil { gossip.maximumPacketSize -= Seal.packetOverhead }
    let now = MonotonicClock.now()
    var engine = Engine(
      id: id,
      endpoint: endpoint,
      configuration: gossip,
      seed: SecureRandom.number(),
      now: now
    )
    if let sealing { try engine.publish(sealing.published, now: now) }
    return engine
  }

  /// What others are told: what was given, else the bound address, else an interface's.
  private func advertisedEndpoint(bound: Endpoint) throws -> Endpoint {
    if let given = try advertiseEndpoint(boundPort: bound.port) { return given }
    guard !bound.isOfOneLink else {
      throw InvalidConfiguration(
        name: "bind",
        value: bind,
        rule: "an address that is valid beyond its link, or be told to others by another one: "
          + "set `advertise`"
      )
    }
    guard bound.isUnspecified else { return bound }
    let reachable = try Interfaces.addresses().filter { bound.isIPv6 || !$0.endpoint.isIPv6 }
    guard interfaces.isEmpty else {
      return try Interfaces.preferredAddress(of: reachable, named: interfaces)
        .with(port: bound.port)
    }
    // Without an interface to others this machine is all that can be reached.
    let preferred =
      Interfaces.preferredAddress(of: reachable) ?? Endpoint(ipv4: 127 << 24 | 1, port: 0)
    return preferred.with(port: bound.port)
  }
}
