#if Encryption
  internal import Crypto
  public import Grapevine

  /// A secret that the nodes of a cluster share: 32 bytes of chance, and what they are used with.
  ///
  /// Its number is derived from it, so that nodes can't mean different keys by one number.
  public struct SealingKey: Sendable {
    /// The bytes of a key.
    public static let size = 32

    /// What encrypts and authenticates.
    public enum Algorithm: String, Sendable, Hashable, CaseIterable {
      /// The faster one where the processor has instructions for AES.
      case aes256GCM = "AES-256-GCM"
      /// The faster one elsewhere.
      case chaCha20Poly1305 = "ChaCha20-Poly1305"
    }

    /// The number by which nodes name the key to each other.
    public let id: SealingKeyID
    /// What the key is used with; the same bytes with another algorithm are another key.
    public let algorithm: Algorithm
    /// What all keys are derived from; the bytes themselves are not kept.
    private let root: SymmetricKey

    /// Creates a key of bytes that must be of chance, such as `openssl rand 32` gives.
    ///
    /// - Throws: ``KeyringError``, `wrongSize`.
    public init(
      bytes: some Collection<UInt8>,
      algorithm: Algorithm = .aes256GCM
    ) throws(KeyringError) {
      guard bytes.count == Self.size else { throw .wrongSize(bytes.count) }
      self.init(SymmetricKey(data: Array(bytes)), algorithm)
    }

    /// Creates a key of 64 hexadecimal digits, such as `openssl rand -hex 32` gives.
    ///
    /// Blanks and ends of lines around the digits, as a file has them, are passed over.
    ///
    /// - Throws: ``KeyringError``, `notHexadecimal` or `wrongSize`.
    public init(
      hexadecimal text: some StringProtocol,
      algorithm: Algorithm = .aes256GCM
    ) throws(KeyringError) {
      var bytes: [UInt8] = []
      var upper: UInt8?
      let isBlank = { (character: Character) in character.isASCII && character.isWhitespace }
      let end = text.lastIndex { !isBlank($0) }.map(text.index(after:)) ?? text.startIndex
      for character in text[..<end].drop(while: isBlank) {
        guard character.isASCII, let digit = character.hexDigitValue.map(UInt8.init) else {
          throw .notHexadecimal
        }
        if let first = upper.take() { bytes.append(first << 4 | digit) } else { upper = digit }
      }
      guard upper == nil else { throw .notHexadecimal }
      try self.init(bytes: bytes, algorithm: algorithm)
    }

    /// Creates a key that nobody else has, from the system's secure source.
    public static func random(algorithm: Algorithm = .aes256GCM) -> SealingKey {
      SealingKey(SymmetricKey(size: .bits256), algorithm)
    }

    private init(_ secret: SymmetricKey, _ algorithm: Algorithm) {
      self.algorithm = algorithm
      root = SymmetricKey(data: HKDF<SHA256>.extract(inputKeyMaterial: secret, salt: [UInt8]()))
      let number = Self.derive(root, algorithm, "number", [], size: 4)
      id = SealingKeyID(
        rawValue: number.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self)) }
      )
    }

    private static func derive(
      _ root: SymmetricKey,
      _ algorithm: Algorithm,
      _ use: String,
      _ context: [UInt8],
      size: Int
    ) -> SymmetricKey {
      // Neither word has a zero in it, so no two uses give the same bytes.
      let info = Array(algorithm.rawValue.utf8) + [0] + Array(use.utf8) + [0] + context
      return HKDF<SHA256>.expand(pseudoRandomKey: root, info: info, outputByteCount: size)
    }

    func makeCipher(context: [UInt8]) -> any PacketCipher {
      let key = Self.derive(root, algorithm, "cipher", context, size: Self.size)
      return switch algorithm {
      case .aes256GCM: AESCipher(key: key)
      case .chaCha20Poly1305: ChaChaCipher(key: key)
      }
    }
  }

  extension SealingKey: Hashable {
    /// Says whether both are the same key.
    public static func == (first: SealingKey, second: SealingKey) -> Bool {
      first.root == second.root && first.algorithm == second.algorithm
    }

    /// Feeds the key's number to `hasher`.
    public func hash(into hasher: inout Hasher) {
      hasher.combine(id)
    }
  }

  extension SealingKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The algorithm and the number.
    public var description: String { "\(algorithm.rawValue) key \(id)" }

    /// The same as `description`.
    public var debugDescription: String { description }

    /// Shows the algorithm and the number, and nothing else.
    public var customMirror: Mirror {
      Mirror(self, children: ["id": id, "algorithm": algorithm])
    }
  }
#endif
