/// Why one of the addresses given to `join` was not joined.
public struct AddressFailure: Sendable, Hashable {
  /// The address as it was given.
  public let address: String
  /// The endpoint that was tried; nil if the address did not lead to one.
  public let endpoint: Endpoint?
  /// What went wrong.
  public let reason: Reason

  /// What went wrong with an address.
  public enum Reason: Sendable, Hashable {
    /// The text is no address; the rule says what one looks like.
    case malformed(rule: String)
    /// The name did not resolve; the resolver's words say why.
    case unresolved(String)
    /// The endpoint was tried in vain.
    case notJoined(JoinFailure)
    /// The deadline passed first.
    case deadlinePassed
  }

  package init(address: String, endpoint: Endpoint?, reason: Reason) {
    self.address = address
    self.endpoint = endpoint
    self.reason = reason
  }
}

extension AddressFailure: CustomStringConvertible {
  /// The address, the endpoint where it differs, and the reason.
  public var description: String { "\(place): \(reason)" }

  /// The address, and the endpoint where it differs.
  var place: String {
    guard let endpoint, endpoint.description != address else { return address }
    return "\(address) (\(endpoint))"
  }
}

extension AddressFailure.Reason: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .malformed(let rule): "it is not \(rule)"
    case .unresolved(let words): "the name does not resolve: \(words)"
    case .notJoined(.interrupted):
      "the connection broke off: it stopped, or it has other keys, or only one side has keys"
    case .notJoined(let failure): failure.description
    case .deadlinePassed: "the deadline passed before it answered"
    }
  }
}
