#if Encryption
  internal import Crypto
  internal import Grapevine

  /// AES-256-GCM with a derived key.
  struct AESCipher: PacketCipher {
    let key: SymmetricKey

    func seal(
      _ plain: Span<UInt8>,
      number: UInt64,
      authenticating head: Span<UInt8>,
      into bytes: inout [UInt8]
    ) -> Bool {
      let box = plain.withUnsafeBytes { plain in
        head.withUnsafeBytes { head in
          try? AES.GCM.seal(
            plain,
            using: key,
            nonce: withNonce(number) { nonce in try AES.GCM.Nonce(data: nonce) },
            authenticating: head
          )
        }
      }
      guard let box else { return false }
      bytes.append(contentsOf: box.ciphertext)
      bytes.append(contentsOf: box.tag)
      return true
    }

    func open(
      _ sealed: Span<UInt8>,
      number: UInt64,
      authenticating head: Span<UInt8>,
      into bytes: inout [UInt8]
    ) -> Bool {
      guard sealed.count >= Self.tagSize else { return false }
      let plain = sealed.withUnsafeBytes { sealed in
        head.withUnsafeBytes { head in
          let end = sealed.count - Self.tagSize
          let box = try? AES.GCM.SealedBox(
            nonce: withNonce(number) { nonce in try AES.GCM.Nonce(data: nonce) },
            ciphertext: sealed[..<end],
            tag: sealed[end...]
          )
          return box.flatMap { try? AES.GCM.open($0, using: key, authenticating: head) }
        }
      }
      guard let plain else { return false }
      bytes.append(contentsOf: plain)
      return true
    }
  }

  /// ChaCha20-Poly1305 with a derived key.
  struct ChaChaCipher: PacketCipher {
    let key: SymmetricKey

    func seal(
      _ plain: Span<UInt8>,
      number: UInt64,
      authenticating head: Span<UInt8>,
      into bytes: inout [UInt8]
    ) -> Bool {
      let box = plain.withUnsafeBytes { plain in
        head.withUnsafeBytes { head in
          try? ChaChaPoly.seal(
            plain,
            using: key,
            nonce: withNonce(number) { nonce in try ChaChaPoly.Nonce(data: nonce) },
            authenticating: head
          )
        }
      }
      guard let box else { return false }
      bytes.append(contentsOf: box.ciphertext)
      bytes.append(contentsOf: box.tag)
      return true
    }

    func open(
      _ sealed: Span<UInt8>,
      number: UInt64,
      authenticating head: Span<UInt8>,
      into bytes: inout [UInt8]
    ) -> Bool {
      guard sealed.count >= Self.tagSize else { return false }
      let plain = sealed.withUnsafeBytes { sealed in
        head.withUnsafeBytes { head in
          let end = sealed.count - Self.tagSize
          let box = try? ChaChaPoly.SealedBox(
            nonce: withNonce(number) { nonce in try ChaChaPoly.Nonce(data: nonce) },
            ciphertext: sealed[..<end],
            tag: sealed[end...]
          )
          return box.flatMap { try? ChaChaPoly.open($0, using: key, authenticating: head) }
        }
      }
      guard let plain else { return false }
      bytes.append(contentsOf: plain)
      return true
    }
  }

  /// Lends the 12 bytes of a nonce: four zeros and the number.
  private func withNonce<Result>(
    _ number: UInt64,
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    let words = (
      UInt32(0),
      UInt32(truncatingIfNeeded: number >> 32).bigEndian,
      UInt32(truncatingIfNeeded: number).bigEndian
    )
    return try withUnsafeBytes(of: words, body)
  }
#endif
