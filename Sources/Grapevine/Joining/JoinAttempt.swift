import GrapevineCore

/// What has come of joining one of the addresses that were given.
struct JoinAttempt: Sendable {
  let index: Int
  let address: String
  private(set) var joined: [MemberID] = []
  private(set) var failures: [AddressFailure] = []

  init(index: Int, address: String) {
    self.index = index
    self.address = address
  }

  /// Adds what came of one endpoint; `isLate` says that the deadline had passed by then.
  mutating func add(_ outcome: JoinOutcome, of endpoint: Endpoint, isLate: Bool) {
    switch outcome {
    case .joined(let id): joined.append(id)
    case .isSelf: break
    case .failed(.closed) where isLate: fail(endpoint, .deadlinePassed)
    case .failed(let failure): fail(endpoint, .notJoined(failure))
    }
  }

  mutating func fail(_ endpoint: Endpoint?, _ reason: AddressFailure.Reason) {
    failures.append(AddressFailure(address: address, endpoint: endpoint, reason: reason))
  }
}
