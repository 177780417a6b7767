#include "app/grok_config_edit.h"

#include <toml++/toml.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "app/grok_config.h"
#include "app/toml_fault.h"
#include "app/toml_quote.h"

namespace grokauth::app {

namespace {

using Setting = std::pair<const char*, const std::string*>;
using Settings = std::vector<Setting>;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Ends the editing.
struct Refused {
  std::string reason;
};

/// A part of the text, by bytes, and what takes its place.
struct Splice {
  std::size_t begin;
  std::size_t end;
  std::string replacement;
};

std::string Assignment(const Setting& setting) {
  return setting.first + (" = " + TomlQuote(*setting.second));
}

/// The table that has the key; of both the one that counts.
const char* TableOf(const toml::table& root, const char* key) {
  return root[kGrokComTable][key] ? kGrokComTable : kGrokAuthTable;
}

class Editor {
 public:
  explicit Editor(const std::string& text)
      : text_(text), start_(text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0) {}

  std::string Edit(const toml::table& root, const Settings& settings) {
    Settings missing;
    for (const Setting& setting : settings) {
      const toml::node* node = root[TableOf(root, setting.first)][setting.first].node();
      if (node == nullptr) {
        missing.push_back(setting);
      } else {
        Replace(*node, setting);
      }
    }
    if (!missing.empty()) {
      Add(root.get(kGrokAuthTable), missing);
    }
    return Result();
  }

 private:
  void Replace(const toml::node& node, const Setting& setting) {
    if (!node.is_value()) {
      throw Refused{std::string("'") + setting.first + "' in it is no string"};
    }
    if (node.value_exact<std::string>() != *setting.second) {
      splices_.push_back(
          {Offset(node.source().begin), Offset(node.source().end), TomlQuote(*setting.second)});
    }
  }

  /// Adds the settings to the table `auth`, which may not be there yet.
  void Add(const toml::node* node, const Settings& settings) {
    const toml::table* table = node == nullptr ? nullptr : node->as_table();
    if (node != nullptr && table == nullptr) {
      throw Refused{std::string("'") + kGrokAuthTable + "' in it is no table"};
    }
    if (table != nullptr && table->is_inline()) {
      AddInline(*table, settings);
    } else if (table != nullptr && text_[Offset(table->source().begin)] != '[') {
      AddDotted(*table, settings);
    } else if (table != nullptr && IsHeader(table->source())) {
      AddBelowHeader(table->source(), settings);
    } else {
      Append(settings);  // where there are [auth.NAME] only, their parent may come last
    }
  }

  /// auth = { NAME = VALUE }
  void AddInline(const toml::table& table, const Settings& settings) {
    const std::size_t brace = Offset(table.source().end) - 1;
    const std::size_t last = text_.find_last_not_of(" \t", brace - 1);
    std::string addition;
    for (const Setting& setting : settings) {
      const bool is_first = table.empty() && addition.empty();
      addition += (is_first ? " " : ", ") + Assignment(setting);
    }
    if (text_[last] == '{' && last + 1 == brace) {
      addition += " ";
    }
    splices_.push_back({last + 1, last + 1, addition});
  }

  /// auth.NAME = VALUE. No header [auth] may follow then.
  void AddDotted(const toml::table& table, const Settings& settings) {
    const std::size_t line = StartOfLine(Offset(table.source().begin));
    splices_.push_back(
        {line, line, Lines(settings, std::string(kGrokAuthTable) + ".", EndOfLineAfter(line))});
  }

  void AddBelowHeader(const toml::source_region& header, const Settings& settings) {
    const std::size_t end = text_.find('\n', Offset(header.end));
    if (end != std::string::npos) {
      splices_.push_back({end + 1, end + 1, Lines(settings, "", EndOfLineAfter(end))});
      return;
    }
    const std::string end_of_line = EndOfLineAfter(0);
    std::string lines = end_of_line + Lines(settings, "", end_of_line);
    lines.resize(lines.size() - end_of_line.size());  // the file keeps its missing last line end
    splices_.push_back({text_.size(), text_.size(), lines});
  }

  void Append(const Settings& settings) {
    const std::string end_of_line = EndOfLineAfter(0);
    std::string lines;
    if (text_.size() > start_) {
      lines = (text_.back() == '\n' ? "" : end_of_line) + end_of_line;
    }
    lines += std::string("[") + kGrokAuthTable + "]" + end_of_line;
    splices_.push_back({text_.size(), text_.size(), lines + Lines(settings, "", end_of_line)});
  }

  [[nodiscard]] static std::string Lines(const Settings& settings, const std::string& prefix,
                                         const std::string& end_of_line) {
    std::string lines;
    for (const Setting& setting : settings) {
      lines.append(prefix).append(Assignment(setting)).append(end_of_line);
    }
    return lines;
  }

  /// Whether the bracketed header at `region` is that of the table itself, not of one below it.
  [[nodiscard]] bool IsHeader(const toml::source_region& region) const {
    const std::size_t begin = Offset(region.begin);
    const toml::table alone = toml::parse(text_.substr(begin, Offset(region.end) - begin));
    const toml::table* table = alone[kGrokAuthTable].as_table();
    return table != nullptr && table->empty();
  }

  [[nodiscard]] std::size_t StartOfLine(std::size_t offset) const {
    const std::size_t end = offset == 0 ? std::string::npos : text_.rfind('\n', offset - 1);
    return end == std::string::npos ? start_ : end + 1;
  }

  /// How the next line ends, or else the first one of the file; "\n" when none ends.
  [[nodiscard]] std::string EndOfLineAfter(std::size_t offset) const {
    const std::size_t next = text_.find('\n', offset);
    const std::size_t end = next == std::string::npos ? text_.find('\n') : next;
    const bool has_return = end != std::string::npos && end > 0 && text_[end - 1] == '\r';
    return has_return ? "\r\n" : "\n";
  }

  /// The byte at a position of the parser, which counts characters and no byte order mark.
  [[nodiscard]] std::size_t Offset(const toml::source_position& position) const {
    std::size_t offset = start_;
    for (unsigned line = 1; line < position.line; ++line) {
      offset = text_.find('\n', offset) + 1;
    }
    for (unsigned column = 1; column < position.column; ++column) {
      ++offset;
      while (offset < text_.size() && (text_[offset] & 0xC0) == 0x80) {
        ++offset;  // the further bytes of a character in UTF-8
      }
    }
    return std::min(offset, text_.size());
  }

  [[nodiscard]] std::string Result() {
    std::sort(splices_.begin(), splices_.end(),
              [](const Splice& a, const Splice& b) { return a.begin > b.begin; });
    std::string result = text_;
    for (const Splice& splice : splices_) {
      result.replace(splice.begin, splice.end - splice.begin, splice.replacement);
    }
    return result;
  }

  const std::string& text_;
  std::size_t start_;  ///< behind the byte order mark
  std::vector<Splice> splices_;
};

/// What the text is to mean.
toml::table MakeExpected(toml::table root, const Settings& settings) {
  for (const auto& [key, value] : settings) {
    const char* name = TableOf(root, key);
    root.insert(name, toml::table{});  // unless it is there
    root[name].as_table()->insert_or_assign(key, *value);
  }
  return root;
}

}  // namespace

std::variant<std::string, EditRefusal> EditGrokConfig(const std::string& text,
                                                      const ProviderSettings& settings) {
  const Settings wanted = {{kProviderCommandKey, &settings.command},
                           {kProviderLabelKey, &settings.label}};
  toml::table root;
  try {
    root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    const toml::source_position& where = error.source().begin;
    const TomlFault fault = MakeTomlFault(where.line, where.column, error.description());
    return EditRefusal{"line " + std::to_string(fault.line) + ", column " +
                       std::to_string(fault.column) + ": " + fault.reason};
  }
  try {
    std::string edited = Editor(text).Edit(root, wanted);
    if (toml::parse(edited) == MakeExpected(root, wanted)) {
      return edited;
    }
  } catch (const Refused& refused) {
    return EditRefusal{refused.reason};
  } catch (const toml::parse_error&) {
    // What came out is no TOML: refused like what means something else.
  }
  return EditRefusal{"it is written in a way that grok-auth cannot change safely"};
}

}  // namespace grokauth::app
