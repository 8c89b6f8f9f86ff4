#if Encryption
  public import Grapevine

  /// Why a key can't be made or a ring can't be changed; it says nothing of the key itself.
  public enum KeyringError: Error, Hashable, Sendable {
    /// A key must have ``SealingKey/size`` bytes, and this one had so many.
    case wrongSize(Int)
    /// A key's text was not made of pairs of hexadecimal digits.
    case notHexadecimal
    /// The ring has a key of this number: the same key, as good as always.
    case duplicate(SealingKeyID)
    /// The ring has no key of this number.
    case unknown(SealingKeyID)
    /// The key seals, so it can't be removed: another must be used first.
    case isPrimary(SealingKeyID)
    /// The ring is full.
    case tooManyKeys(limit: Int)
  }

  extension KeyringError: CustomStringConvertible {
    /// The error as a sentence that says what to do.
    public var description: String {
      switch self {
      case .wrongSize(let size):
        "the key has \(size) bytes: it must have \(SealingKey.size)"
      case .notHexadecimal:
        "the key's text must be \(2 * SealingKey.size) hexadecimal digits"
      case .duplicate(let id): "the ring has the key \(id) already"
      case .unknown(let id): "the ring has no key \(id): it must be added first"
      case .isPrimary(let id):
        "the key \(id) is the one in use: another must be added and used before it is removed"
      case .tooManyKeys(let limit):
        "the ring has \(limit) keys, as many as it can: one must be removed first"
      }
    }
  }
#endif
