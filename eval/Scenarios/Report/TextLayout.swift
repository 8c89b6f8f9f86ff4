/// Text within columns.
enum TextLayout {
  /// The text with blanks behind it up to `width` columns.
  static func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  /// Sets items behind each other with commas, and breaks lines between items only.
  static func listed(_ items: [String], _ width: Int) -> [String] {
    var lines: [String] = []
    for (index, item) in items.enumerated() {
      let text = index < items.count - 1 ? item + "," : item
      if let last = lines.last, last.count + 1 + text.count <= width {
        lines[lines.count - 1] = "\(last) \(text)"
      } else {
        lines.append(text)
      }
    }
    return lines
  }

  /// Breaks a text between words into lines of at most `width` columns.
  static func wrapped(_ text: String, _ width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty && line.count + 1 + word.count > width {
        lines.append(line)
        line = ""
      }
      line += line.isEmpty ? word : " " + word
    }
    return line.isEmpty ? lines : lines + [line]
  }
}
