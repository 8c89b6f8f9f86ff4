/// Tells Swift code from the comments and literals in it, as far as the rules here need it.
struct CodeReader {
  private let source: [UInt8]
  private var output: [UInt8]
  private var index = 0

  private init(_ text: String) {
    source = Array(text.utf8)
    output = source
  }

  /// `text` with comments, quoted identifiers and the contents of literals turned into blanks.
  static func code(of text: String) -> String {
    var reader = CodeReader(text)
    reader.readCode(isInterpolation: false)
    return String(decoding: reader.output, as: UTF8.self)
  }

  /// Reads to the end of the text, or to the parenthesis that ends an interpolation.
  private mutating func readCode(isInterpolation: Bool) {
    var depth = 0
    while index < source.count {
      if starts(with: "//") {
        while index < source.count, source[index] != UInt8(ascii: "\n") { blank() }
      } else if starts(with: "/*") {
        readBlockComment()
      } else if starts(with: "`") {
        blank()
        while index < source.count, !starts(with: "`") { blank() }
        blank()
      } else if let hashCount = hashCountOfLiteral() {
        readLiteral(hashCount: hashCount)
      } else {
        if starts(with: "(") { depth += 1 }
        if starts(with: ")") { depth -= 1 }
        index += 1
        if isInterpolation, depth < 0 { return }
      }
    }
  }

  private mutating func readBlockComment() {
    var depth = 0
    repeat {
      if starts(with: "/*") { depth += 1 }
      if starts(with: "*/") { depth -= 1 }
      blank(starts(with: "/*") || starts(with: "*/") ? 2 : 1)
    } while depth > 0 && index < source.count
  }

  private mutating func readLiteral(hashCount: Int) {
    let hashes = String(repeating: "#", count: hashCount)
    index += hashCount
    let quotes = starts(with: "\"\"\"") ? "\"\"\"" : "\""
    index += quotes.utf8.count
    while index < source.count, !starts(with: quotes + hashes) {
      if starts(with: "\\" + hashes + "(") {
        index += hashCount + 2
        readCode(isInterpolation: true)
      } else {
        blank(starts(with: "\\" + hashes) ? hashCount + 2 : 1)
      }
    }
    index += quotes.utf8.count + hashCount
  }

  /// The number of `#` before the quote of a literal that begins here; nil if none does.
  private func hashCountOfLiteral() -> Int? {
    var end = index
    while end < source.count, source[end] == UInt8(ascii: "#") { end += 1 }
    return end < source.count && source[end] == UInt8(ascii: "\"") ? end - index : nil
  }

  private func starts(with text: String) -> Bool {
    source[index...].starts(with: text.utf8)
  }

  private mutating func blank(_ count: Int = 1) {
    for place in index..<min(index + count, source.count)
    where output[place] != UInt8(ascii: "\n") {
      output[place] = UInt8(ascii: " ")
    }
    index += count
  }
}

/// A pair of braces and what stands before it: a function, an accessor, a closure, but no type.
struct Body {
  /// The line of the declaration's keyword, or of the brace where there is none.
  let firstLine: Int
  /// The line of the closing brace.
  let lastLine: Int

  var lineCount: Int { lastLine - firstLine + 1 }

  /// All bodies in lines of code, which have neither comments nor literals.
  static func all(in lines: [Substring]) -> [Body] {
    var bodies: [Body] = []
    var open: [(firstLine: Int, isType: Bool)] = []
    var declaration: (line: Int, isType: Bool)?
    var word = ""
    var line = 1
    for byte in lines.joined(separator: "\n").utf8 {
      if byte.isWordPart {
        word.unicodeScalars.append(Unicode.Scalar(byte))
        continue
      }
      if types.contains(word) { declaration = (line, true) }
      if functions.contains(word) { declaration = (line, false) }
      word = ""
      switch byte {
      case UInt8(ascii: "\n"): line += 1
      case UInt8(ascii: "{"):
        open.append((declaration?.line ?? line, declaration?.isType ?? false))
        declaration = nil
      case UInt8(ascii: "}"):
        if let start = open.popLast(), !start.isType {
          bodies.append(Body(firstLine: start.firstLine, lastLine: line))
        }
        declaration = nil
      default: break
      }
    }
    return bodies
  }

  private static let types: Set = ["actor", "class", "enum", "extension", "protocol", "struct"]
  private static let functions: Set = ["deinit", "func", "init", "let", "subscript", "var"]
}
