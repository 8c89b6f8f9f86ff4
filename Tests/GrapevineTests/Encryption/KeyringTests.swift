#if Encryption
  import Grapevine
  import GrapevineCore
  import GrapevineEncryption
  import GrapevineTransport
  import Testing

  extension EncryptionTests {
    /// The keys of the trait `Encryption`.
    @Suite struct Keyrings {
      private static let bytes = (0..<32).map { UInt8($0 * 7 + 1) }

      @Test func `A ring changes as its rules let it`() throws {
        let keys = (0..<18).map { _ in SealingKey.random() }
        let ring = try Keyring(keys[0])
        #expect(ring.keys == SealingKeys(primary: keys[0].id, all: [keys[0].id]))
        #expect(throws: KeyringError.isPrimary(keys[0].id)) { try ring.remove(keys[0].id) }
        #expect(throws: KeyringError.duplicate(keys[0].id)) { try ring.add(keys[0]) }
        #expect(throws: KeyringError.unknown(keys[1].id)) { try ring.use(keys[1].id) }
        #expect(throws: KeyringError.unknown(keys[1].id)) { try ring.remove(keys[1].id) }
        #expect(throws: KeyringError.duplicate(keys[2].id)) {
          try Keyring(keys[1], others: [keys[2], keys[2]])
        }
        try ring.add(keys[1])
        try ring.use(keys[1].id)
        #expect(throws: KeyringError.isPrimary(keys[1].id)) { try ring.remove(keys[1].id) }
        try ring.remove(keys[0].id)
        #expect(ring.keys == SealingKeys(primary: keys[1].id, all: [keys[1].id]))
        #expect(ring.makeCipher(for: keys[0].id, context: []) == nil)
        for key in keys[2...16] { try ring.add(key) }
        #expect(throws: KeyringError.tooManyKeys(limit: 16)) { try ring.add(keys[17]) }
      }

      @Test func `Observers hear of each change until they have heard enough`() throws {
        let ring = try Keyring(.random())
        let told = Locked<[Int]>([])
        ring.observeKeys { [weak ring] in
          let count = ring?.keys.all.count ?? 0
          return told.withLock { told in
            told.append(count)
            return told.count < 2
          }
        }
        try ring.use(ring.keys.primary)
        #expect(told.withLock { $0 } == [])
        for _ in 0..<3 { try ring.add(.random()) }
        #expect(told.withLock { $0 } == [2, 3])
      }

      @Test func `A key has 32 bytes, and its number is its own`() throws {
        for size in [0, 16, 31, 33] {
          #expect(throws: KeyringError.wrongSize(size)) {
            try SealingKey(bytes: [UInt8](repeating: 1, count: size))
          }
        }
        let digits = Self.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let key = try SealingKey(bytes: Self.bytes)
        #expect(try SealingKey(hexadecimal: digits) == key)
        #expect(try SealingKey(hexadecimal: digits.uppercased()).id == key.id)
        for text in ["\(digits)\n", "\(digits)\r\n", " \t\(digits) \n\n"] {
          #expect(try SealingKey(hexadecimal: text) == key)
          #expect(try SealingKey(hexadecimal: Substring(text)) == key)
        }
        for text in ["", " ", "\n"] {
          #expect(throws: KeyringError.wrongSize(0)) { try SealingKey(hexadecimal: text) }
        }
        for text in ["a b", "\u{A0}ab", "ab\u{2028}"] {
          #expect(throws: KeyringError.notHexadecimal) { try SealingKey(hexadecimal: text) }
        }
        for text in ["abc", "zz", "é1", digits.dropLast() + "g"] {
          #expect(throws: KeyringError.notHexadecimal) { try SealingKey(hexadecimal: text) }
        }
        #expect(throws: KeyringError.wrongSize(1)) { try SealingKey(hexadecimal: "ab") }
        let other = try SealingKey(bytes: Self.bytes, algorithm: .chaCha20Poly1305)
        #expect(other != key && other.id != key.id)
        #expect(SealingKey.random().id != SealingKey.random().id)
      }

      /// Changes of these would keep nodes of two builds apart.
      @Test func `What is derived and sealed is the same in each build`() throws {
        let expected: [SealingKey.Algorithm: (id: String, sealed: [UInt8])] = [
          .aes256GCM: (
            "40ec1694",
            [
              219, 125, 7, 183, 4, 139, 87, 104, 193, 103, 100, 0, 250, 144, 180, 165, 128, 35, 136,
            ]
          ),
          .chaCha20Poly1305: (
            "17fbf6c2",
            [
              217, 192, 16, 237, 231, 205, 205, 145, 225, 228, 61, 56, 100, 17, 216, 239, 34, 217,
              190,
            ]
          ),
        ]
        for algorithm in SealingKey.Algorithm.allCases {
          let key = try SealingKey(bytes: Self.bytes, algorithm: algorithm)
          let ring = try Keyring(key)
          let cipher = try #require(ring.makeCipher(for: key.id, context: [1, 2, 3]))
          var sealed: [UInt8] = []
          let plain: [UInt8] = [9, 8, 7]
          let head: [UInt8] = [4, 5]
          #expect(
            cipher.seal(plain.span, number: 6, authenticating: head.span, into: &sealed)
          )
          let found = (key.id.description, sealed)
          #expect(try found == #require(expected[algorithm]))
        }
      }

      @Test(arguments: SealingKey.Algorithm.allCases)
      func `A cipher opens what it sealed and nothing else`(
        algorithm: SealingKey.Algorithm
      ) throws {
        let ring = try Keyring(.random(algorithm: algorithm))
        let id = ring.keys.primary
        let cipher = try #require(ring.makeCipher(for: id, context: [1]))
        let other = try #require(ring.makeCipher(for: id, context: [2]))
        let head: [UInt8] = [1, 2, 3]
        for size in [1, 16, 1_200, 16_384] {
          let plain = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
          var sealed: [UInt8] = [42]
          #expect(cipher.seal(plain.span, number: 7, authenticating: head.span, into: &sealed))
          #expect(sealed.count == 1 + size + 16 && sealed[0] == 42)
          sealed.removeFirst()
          var opened: [UInt8] = [43]
          #expect(cipher.open(sealed.span, number: 7, authenticating: head.span, into: &opened))
          #expect(opened == [43] + plain)
          #expect(!cipher.open(sealed.span, number: 8, authenticating: head.span, into: &opened))
          #expect(!other.open(sealed.span, number: 7, authenticating: head.span, into: &opened))
          let short = head.dropLast()
          #expect(
            !cipher.open(sealed.span, number: 7, authenticating: short.span, into: &opened)
          )
          sealed[size / 2] ^= 1
          #expect(!cipher.open(sealed.span, number: 7, authenticating: head.span, into: &opened))
          let cut = sealed.prefix(15)
          #expect(!cipher.open(cut.span, number: 7, authenticating: head.span, into: &opened))
          #expect(opened == [43] + plain)
        }
      }

      @Test func `Nothing that is printed shows a key`() throws {
        let key = try SealingKey(bytes: Self.bytes)
        let ring = try Keyring(key)
        var configuration = Node.Configuration()
        configuration.bind = "127.0.0.1:0"
        configuration.sealer = ring
        let node = try Node(configuration)
        defer { node.close() }
        var text = ""
        for value in [key, ring, configuration, node, node.members, ring.keys] as [Any] {
          text += "\(value) \(String(reflecting: value)) "
          dump(value, to: &text)
          for child in Swift.Mirror(reflecting: value).children { text += " \(child)" }
        }
        for error in [
          KeyringError.duplicate(key.id), .isPrimary(key.id), .unknown(key.id), .wrongSize(3),
          .notHexadecimal, .tooManyKeys(limit: 16),
        ] {
          text += "\(error) \(String(reflecting: error))"
          dump(error, to: &text)
        }
        #expect(text.contains(key.id.description))
        // Three bytes of the key in a row, as digits or as numbers, would be no accident.
        for start in 0..<30 {
          let piece = Self.bytes[start..<(start + 3)]
          let digits = piece.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
          let numbers = piece.map { "\($0)" }.joined(separator: ", ")
          #expect(!text.lowercased().contains(digits) && !text.contains(numbers))
        }
        for word in ["SymmetricKey", "SecureBytes", "root"] {
          #expect(!text.contains(word), "\(word)")
        }
      }
    }
  }
#endif
