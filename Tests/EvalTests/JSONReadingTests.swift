import Testing

@testable import EvalScenarios

@Suite struct JSONReadingTests {
  @Test func `what is written is read as it was`() throws {
    let value = JSON.object([
      ("none", .null), ("yes", .boolean(true)), ("no", .boolean(false)), ("least", .integer(.min)),
      ("seed", .unsigned(.max)), ("share", .number(-0.125)),
      ("text", .string("a \"quoted\" \\ line\n\u{1}é")),
      ("list", .array([.integer(1), .array([]), .object([])])),
    ])
    #expect(try JSON(text: value.text) == value)
    #expect(try JSON(text: value.text).member("share") == .number(-0.125))
    #expect(try JSON(text: value.text).member("Share") == nil)
    #expect(try JSON(text: "[1]").member("1") == nil)
  }

  @Test(arguments: [
    (" [ 1 ,\t2 ] \r\n", JSON.array([.integer(1), .integer(2)])),
    ("1e3", .number(1_000)), ("0.5E-1", .number(0.05)), ("-0", .integer(0)),
    ("9223372036854775807", .integer(.max)), ("9223372036854775808", .unsigned(1 << 63)),
    ("18446744073709551616", .number(0x1p64)),
    (#""\u0041\u00e9\ud83d\uDE00\/\b\f\n\r\t""#, .string("Aé😀/\u{8}\u{C}\n\r\t")),
  ])
  func `each form that JSON has is taken`(text: String, value: JSON) throws {
    #expect(try JSON(text: text) == value)
  }

  @Test func `whole numbers and others are told apart`() throws {
    guard case .integer(7) = try JSON(text: "7"), case .number(7) = try JSON(text: "7.0") else {
      Issue.record("7 and 7.0 are not what they were")
      return
    }
  }

  @Test(arguments: [
    ("", "line 1, column 1: a value is expected"),
    ("{\n  \"a\": 1\n  \"b\": 2}", "line 3, column 3: “,” or “}” is expected"),
    ("{\"a\" 1}", "line 1, column 6: “:” is expected"),
    ("{\"a\": 1, \"a\": 2}", "line 1, column 10: “a” is there twice"),
    ("{\"a\": 1,}", "a name in quotes is expected"), ("{a: 1}", "a name in quotes is expected"),
    ("[1 2]", "“,” or “]” is expected"), ("[1,]", "a value is expected"),
    ("[1", "“,” or “]” is expected"), ("1 2", "line 1, column 3: nothing more is expected"),
    ("01", "a number begins with no zero"), ("1.", "a digit is expected"),
    ("-", "a digit is expected"), ("1e", "a digit is expected"), ("+1", "a value is expected"),
    ("1e999", "line 1, column 1: 1e999 can't be held"), ("nul", "a value is expected"),
    ("\"a", "line 1, column 1: the text that begins here has no end"),
    ("\"\n\"", "a control character must be written as \\u"),
    (#""\x""#, "line 1, column 3: no letter that stands behind a backslash"),
    (#""\u-000""#, "four hexadecimal digits are expected"),
    (#""\u00""#, "four hexadecimal digits are expected"),
    (#""\ud83d""#, "half of a pair stands alone"), (#""\udc00""#, "half of a pair stands alone"),
    (#""\ud83d\u0041""#, "half of a pair stands alone"),
  ])
  func `what is no JSON is told with its place`(text: String, reason: String) {
    let error = #expect(throws: JSONError.self) { try JSON(text: text) }
    #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
  }

  @Test func `values may be 64 deep and no deeper`() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try JSON(text: nested(64))
    let error = #expect(throws: JSONError.self) { try JSON(text: nested(65)) }
    #expect(error?.description == "line 1, column 65: it is too deep")
  }
}
