import Grapevine
import GrapevineCore
import GrapevineTransport

/// Names that lead where a test says; all others are unknown.
final class NameServer: Sendable {
  private struct State {
    var addresses: [String: [Endpoint]] = [:]
    var questionCounts: [String: Int] = [:]
  }

  private let state = Locked(State())

  /// A loop whose nodes ask this server.
  func makeLoop() throws(NodeError) -> Node.Loop {
    try Node.Loop(resolver: Resolver { [self] host, port in answer(host, port) })
  }

  /// Lets `host` lead to these nodes, whatever port is asked for.
  func set(_ host: String, _ nodes: Node...) {
    set(host, nodes.map(\.address))
  }

  /// Lets `host` lead to these addresses; to none, and it is unknown.
  func set(_ host: String, _ addresses: [Endpoint]) {
    state.withLock { $0.addresses[host] = addresses.isEmpty ? nil : addresses }
  }

  /// How often `host` was asked for.
  func questionCount(_ host: String) -> Int {
    state.withLock { $0.questionCounts[host] ?? 0 }
  }

  private func answer(_ host: String, _ port: UInt16) -> Resolver.Answer {
    state.withLock { state in
      state.questionCounts[host, default: 0] += 1
      guard let found = state.addresses[host] else {
        return .failure(ResolutionError(host: host, reason: .unknownHost))
      }
      return .success(found)
    }
  }
}
