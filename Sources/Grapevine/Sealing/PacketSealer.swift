public import GrapevineCore

/// Keys by which nodes seal what they send to each other, so that who has none of them can neither
/// read it nor speak to them.
///
/// The trait `Encryption` brings one, `Keyring`. What a sealer provides is a cipher for each
/// context; the node does the rest: numbers, replay, streams, and what is refused. A sealer may
/// serve several nodes. It is asked on any thread and under locks of the node: it must neither wait
/// nor call the node.
public protocol PacketSealer: Sendable {
  /// The keys that there are now; never empty, and the same ones until an observer is told.
  var keys: SealingKeys { get }

  /// Derives a cipher for one context from a key; nil if there is no such key now.
  ///
  /// Contexts that differ must give keys that have nothing to do with each other, as HKDF does with
  /// the context as its `info`. The node gives each context to one sending side only.
  func makeCipher(for key: SealingKeyID, context: [UInt8]) -> (any PacketCipher)?

  /// Has `body` called after each change of ``keys``, outside every lock, until it returns false.
  func observeKeys(_ body: @escaping @Sendable () -> Bool)
}

/// The keys of a ``PacketSealer`` at one moment.
public struct SealingKeys: Sendable, Hashable {
  /// The key that seals.
  public let primary: SealingKeyID
  /// The keys that open, the primary one among them.
  public let all: [SealingKeyID]

  /// Creates a list of keys.
  ///
  /// - Precondition: `primary` is one of `all`.
  public init(primary: SealingKeyID, all: [SealingKeyID]) {
    precondition(all.contains(primary), "the primary key \(primary) is none of \(all)")
    self.primary = primary
    self.all = all
  }
}

/// An authenticated cipher (AEAD) with a key of its own, whose tag has ``tagSize`` bytes.
///
/// It is used on several threads at a time.
public protocol PacketCipher: Sendable {
  /// Appends to `bytes` what `plain` is encrypted to, of the same size, and then the tag over both
  /// that and `head`.
  ///
  /// The node gives a number once only to each cipher.
  ///
  /// - Returns: Whether it could; if not, nothing is sent.
  func seal(
    _ plain: Span<UInt8>,
    number: UInt64,
    authenticating head: Span<UInt8>,
    into bytes: inout [UInt8]
  ) -> Bool

  /// Appends to `bytes` what `sealed`, whose last bytes are the tag, was encrypted from.
  ///
  /// - Returns: Whether the tag was right; if not, nothing was appended.
  func open(
    _ sealed: Span<UInt8>,
    number: UInt64,
    authenticating head: Span<UInt8>,
    into bytes: inout [UInt8]
  ) -> Bool
}

extension PacketCipher {
  /// The bytes of a tag.
  public static var tagSize: Int { Seal.tagSize }
}
