import FoundationEssentials

/// `value` as JSON with its keys in order.
func jsonText(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// Reads a `Value` from JSON.
func fromJSON<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
  try JSONDecoder().decode(type, from: Data(text.utf8))
}

/// Writes `value` as JSON and reads it back.
func throughJSON<Value: Codable>(_ value: Value) throws -> Value {
  try fromJSON(Value.self, jsonText(value))
}
