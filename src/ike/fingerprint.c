/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dynamic symbol table of a loaded ELF object (System V ABI, chapter 5), counted by its GNU hash table. See fingerprint.h.
 */
#include "ike/fingerprint.h"

#include <elf.h>
#include <link.h>
#include <string.h>

struct search {
    const char *library;
    uint64_t sum;
};

struct tables {
    const ElfW(Sym) * symbols;
    const char *strings;
    const uint32_t *hash;
};

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
    return hash;
}

/* Symbols are numbered; the last one is the end of the last chain. */
static uint32_t count_symbols(const uint32_t *hash)
{
    uint32_t n_buckets = hash[0], first = hash[1], n_bloom = hash[2];
    const uint32_t *buckets = hash + 4 + n_bloom * (sizeof(ElfW(Addr)) / 4);
    const uint32_t *chains = buckets + n_buckets;
    uint32_t last = 0;

    for (uint32_t i = 0; i < n_buckets; i++)
        if (buckets[i] > last)
            last = buckets[i];
    if (last < first)
        return first;
    while (!(chains[last - first] & 1))
        last++;
    return last + 1;
}

static uint64_t sum_symbols(const struct tables *tables)
{
    uint32_t n_symbols = count_symbols(tables->hash);
    uint64_t sum = 0;

    for (uint32_t i = 0; i < n_symbols; i++) {
        const ElfW(Sym) *symbol = &tables->symbols[i];
        const char *name = tables->strings + symbol->st_name;
        uint64_t hash = UINT64_C(0xcbf29ce484222325), size = symbol->st_size;

        if (symbol->st_shndx == SHN_UNDEF)
            continue;
        hash = hash_bytes(hash, name, strlen(name));
        /* an object's size is part of the interface, a function's is not */
        if ((symbol->st_info & 0xf) == STT_OBJECT)
            hash = hash_bytes(hash, &size, sizeof(size));
        sum += hash;
    }
    return sum;
}

static const void *absolute(const struct dl_phdr_info *info, ElfW(Addr) address)
{
    return (const void *)(address < info->dlpi_addr ? address + info->dlpi_addr : address);
}

static int visit(struct dl_phdr_info *info, size_t size, void *userdata)
{
    struct search *search = userdata;
    const char *slash = strrchr(info->dlpi_name, '/');
    struct tables tables = { 0 };

    (void)size;
    if (strcmp(slash ? slash + 1 : info->dlpi_name, search->library) != 0)
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_DYNAMIC)
            continue;
        const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);

        for (; entry->d_tag != DT_NULL; entry++) {
            if (entry->d_tag == DT_SYMTAB)
                tables.symbols = absolute(info, entry->d_un.d_ptr);
            else if (entry->d_tag == DT_STRTAB)
                tables.strings = absolute(info, entry->d_un.d_ptr);
            else if (entry->d_tag == DT_GNU_HASH)
                tables.hash = absolute(info, entry->d_un.d_ptr);
        }
    }
    if (tables.symbols && tables.strings && tables.hash)
        search->sum = sum_symbols(&tables);
    return 1;
}

uint64_t fingerprint_of(const char *library)
{
    struct search search = { .library = library };

    dl_iterate_phdr(visit, &search);
    return search.sum;
}
