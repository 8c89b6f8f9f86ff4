import GrapevineCore
import Testing

@testable import EvalScenarios

@Suite struct InstructionTests {
  private func failure(_ line: String) -> String? {
    do {
      _ = try Instruction(line: line.utf8)
      return nil
    } catch {
      return error.description
    }
  }

  @Test(arguments: [
    ("set role web", Instruction.set(key: "role", value: Array("web".utf8))),
    ("  set\trole   a  b \r", .set(key: "role", value: Array("a  b".utf8))),
    ("set k it's \"so\"", .set(key: "k", value: Array("it's \"so\"".utf8))),
    ("set \"a b\" \"\"", .set(key: "a b", value: [])),
    (#"set k " \n\t\"\\\x00\xFF\u{1F418} ""#, .set(key: "k", value: escaped)),
    ("delete role", .delete(key: "role")), ("members", .members), ("metrics", .metrics),
    ("show web-1", .show(name: "web-1", key: nil)),
    ("show \"a b\" role", .show(name: "a b", key: "role")), ("leave", .leave), ("quit", .leave),
    ("exit", .leave), ("help", .help), ("?", .help),
  ])
  func `a line is read as what it asks for`(line: String, instruction: Instruction) throws {
    #expect(try Instruction(line: line.utf8) == instruction)
  }

  private static let escaped: [UInt8] =
    [32, 10, 9, 34, 92, 0, 255] + Array("🐘".utf8) + [32]

  @Test(arguments: ["", "  ", "\t\r"])
  func `a line of blanks asks for nothing`(line: String) throws {
    #expect(try Instruction(line: line.utf8) == nil)
  }

  @Test func `a value may have any bytes as they are, a key may not`() throws {
    let line: [UInt8] = Array("set k ".utf8) + [0xFF, 0x20, 0xFE]
    #expect(try Instruction(line: line) == .set(key: "k", value: [0xFF, 0x20, 0xFE]))
    let wrong: [UInt8] = Array("set ".utf8) + [0xFF, 0x20, 1]
    #expect(throws: UsageError.self) { try Instruction(line: wrong) }
  }

  @Test(arguments: [
    ("st role web", "there is no command “st” (did you mean set?): the commands are set, delete"),
    ("membrs", "did you mean members?"), ("status", "there is no command “status”: the commands"),
    ("set", "set takes a key and a value, as in: set role web"),
    ("set role", "set takes a key and a value, as in: set role something"),
    ("set role=web", "set takes a key and a value, as in: set role web"),
    ("set \"\" x", "set takes a key and a value"), ("delete", "delete takes a key, as in: delete"),
    ("delete a b", "“b” is too much behind delete"), ("show", "show takes a member's name"),
    ("show a b c", "“c” is too much behind show"), ("members all", "“all” is too much behind"),
    ("set k \"a", "the closing quote is missing"), ("set k \"a\"b", "must be followed by a blank"),
    (#"set k "\q""#, "behind a backslash must be"), (#"set k "\xg0""#, "behind a backslash must"),
    (#"set k "\u{d800}""#, "behind a backslash must be"), (#"set k "\"#, "behind a backslash"),
    ("set k \"a\" b", "“b” is too much behind set"),
  ])
  func `a wrong line is answered with what would be right`(line: String, answer: String) {
    #expect(failure(line)?.contains(answer) == true, "\(failure(line) ?? "taken")")
  }

  @Test func `lines are cut wherever they come in pieces`() {
    var lines = InputLines()
    #expect(lines.take(Array("se".utf8)[...]) == [])
    #expect(
      lines.take(Array("t\n\nb\nc".utf8)[...]) == [.whole(Array("set".utf8)), .whole([98])]
    )
    #expect(lines.finish() == .whole([99]))
    #expect(lines.finish() == nil)
  }

  @Test func `a line may be as long as its limit and no longer`() {
    let longest = [UInt8](repeating: 120, count: InputLines.limit)
    var lines = InputLines()
    #expect(lines.take(longest[...] + [10]) == [.whole(longest)])
    #expect(lines.take(longest[...]) == [])
    #expect(lines.take([120]) == [])
    #expect(lines.take([120, 10, 121, 10]) == [.tooLong, .whole([121])])
  }
}

@Suite struct ByteTextTests {
  @Test(arguments: [
    ("web", "web"), ("a  b", "a  b"), ("naïve 🐘", "naïve 🐘"), ("", #""""#), (" a", #"" a""#),
    ("a ", #""a ""#), ("\"a\"", #""\"a\"""#), ("a\"b", "a\"b"), (#"a\b"#, #"a\b"#),
    ("a\nb\t\"", #""a\nb\t\"""#), ("\u{1B}[2J", #""\u{1b}[2J""#), ("\u{202E}x", #""\u{202e}x""#),
    ("a\\\0", #""a\\\u{0}""#),
  ])
  func `text is shown as it is, unless a terminal would obey it`(text: String, shown: String) {
    #expect(ByteText.shown(Array(text.utf8)) == shown)
  }

  @Test func `bytes that are no text are shown one by one`() {
    #expect(ByteText.shown([0xFF, 65, 0xC3, 0x28]) == #""\xffA\xc3(""#)
    #expect(ByteText.shown([0xE2, 0x82]) == #""\xe2\x82""#)
  }

  @Test func `what is long is cut, with its size`() {
    #expect(ByteText.shown(Array("abcdef".utf8), limit: 6) == "abcdef")
    #expect(ByteText.shown(Array("abcdefg".utf8), limit: 6) == "abcdef… (7 B)")
    #expect(ByteText.shown(Array("é\néé".utf8), limit: 2) == #""é\n"… (7 B)"#)
  }

  @Test func `a name with blanks stands in quotes`() {
    #expect(ByteText.word("web-1") == "web-1")
    #expect(ByteText.word("own er") == "\"own er\"")
    #expect(ByteText.word("a \"b\"") == #""a \"b\"""#)
  }

  @Test func `what is shown in full is read back as the same`() throws {
    var generator = Xoshiro256(seed: 1)
    for count in 0..<2_000 {
      let bytes = (0..<count % 12).map { _ in
        UInt8(truncatingIfNeeded: generator.next()) >> UInt8(generator.next() & 3)
      }
      let line = "set k \(ByteText.shown(bytes))"
      #expect(try Instruction(line: line.utf8) == .set(key: "k", value: bytes), "\(bytes)")
    }
  }

  @Test func `base 64 is that of RFC 4648`() {
    let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map { Array($0.utf8) }
    let expected = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]
    #expect(texts.map { Base64.text(of: $0) } == expected)
    #expect(Base64.text(of: [0xFB, 0xFF]) == "+/8=")
  }

  @Test func `a value of JSON stands on one line, whatever it is`() {
    let value = JSON.object([
      ("a", .array([.boolean(true), .null, .string("\n")])),
      ("b", .object([("c", .boolean(false))])),
      ("d", .array([])),
    ])
    #expect(value.line == #"{"a": [true, null, "\n"], "b": {"c": false}, "d": []}"#)
  }
}
