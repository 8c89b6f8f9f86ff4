/// What is wrong with bytes from a peer: the reason that the drop is counted by.
package enum MalformedDatagram: Error, Hashable, Sendable {
  case tooShort
  case wrongMagic
  case wrongVersion
  case sealed
  case wrongLabel
  case unknownKind
  case malformed
  case notUTF8

  package var reason: Metrics.DropReason {
    switch self {
    case .tooShort: .tooShort
    case .wrongMagic: .wrongMagic
    case .wrongVersion: .wrongVersion
    case .sealed: .sealed
    case .wrongLabel: .wrongLabel
    case .unknownKind: .unknownKind
    case .malformed: .malformed
    case .notUTF8: .notUTF8
    }
  }
}
