#include "validator/elf_file.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <sstream>

namespace myriad::validator {
namespace {

struct Close {
  void operator()(Elf* e) const { ::elf_end(e); }
};

const char* text_at(Elf* elf, std::size_t section, std::size_t offset) {
  const char* text = ::elf_strptr(elf, section, offset);
  return text ? text : "";
}

// Visits the entries of a section: get(data, index, &entry) is libelf's.
template <class Entry, class Get, class Visit>
void each(Elf_Scn* section, const GElf_Shdr& header, Get get, const Visit& visit) {
  if (header.sh_entsize == 0) return;
  Elf_Data* data = ::elf_getdata(section, nullptr);
  const auto count = static_cast<int>(header.sh_size / header.sh_entsize);
  Entry entry;
  for (int i = 0; data && i < count; ++i)
    if (get(data, i, &entry)) visit(entry);
}

bool is_shown(const GElf_Sym& symbol) {
  const auto binding = GELF_ST_BIND(symbol.st_info), visibility = GELF_ST_VISIBILITY(symbol.st_other);
  const bool global = binding == STB_GLOBAL || binding == STB_WEAK || binding == STB_GNU_UNIQUE;
  return global && symbol.st_shndx != SHN_UNDEF && (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

void split_paths(const char* text, std::vector<std::string>& into) {
  std::istringstream paths(text);
  for (std::string path; std::getline(paths, path, ':');) into.push_back(path);
}

void read_section(Elf* elf, Elf_Scn* section, ElfFile& out) {
  GElf_Shdr header;
  if (!::gelf_getshdr(section, &header)) return;
  if (header.sh_type == SHT_DYNSYM)
    each<GElf_Sym>(section, header, ::gelf_getsym, [&](const GElf_Sym& s) {
      if (is_shown(s)) out.shown.emplace_back(text_at(elf, header.sh_link, s.st_name));
    });
  if (header.sh_type == SHT_DYNAMIC)
    each<GElf_Dyn>(section, header, ::gelf_getdyn, [&](const GElf_Dyn& d) {
      if (d.d_tag == DT_NEEDED) out.needed.emplace_back(text_at(elf, header.sh_link, d.d_un.d_val));
      if (d.d_tag == DT_RUNPATH || d.d_tag == DT_RPATH)
        split_paths(text_at(elf, header.sh_link, d.d_un.d_val), out.search);
    });
}

Result<ElfFile> read_open(int fd) {
  const std::unique_ptr<Elf, Close> elf(::elf_begin(fd, ELF_C_READ, nullptr));
  GElf_Ehdr header;
  if (!elf || ::elf_kind(elf.get()) != ELF_K_ELF || !::gelf_getehdr(elf.get(), &header))
    return Error{Code::invalid, "it is no ELF file"};
  ElfFile out;
  out.machine = header.e_machine;
  out.bits = header.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
  out.shared = header.e_type == ET_DYN;
  for (Elf_Scn* section = nullptr; (section = ::elf_nextscn(elf.get(), section));)
    read_section(elf.get(), section, out);
  std::sort(out.shown.begin(), out.shown.end());
  return out;
}

}  // namespace

Result<ElfFile> read_elf(const std::filesystem::path& file) {
  ::elf_version(EV_CURRENT);
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Error{Code::not_found, std::string("it cannot be opened: ") + std::strerror(errno)};
  auto out = read_open(fd);
  ::close(fd);
  return out;
}

}  // namespace myriad::validator
