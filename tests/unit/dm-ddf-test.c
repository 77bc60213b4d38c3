/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table verb x node, made from the DDF files that are installed: what they say of a node (access types, format, occurrence, scope,
 * allowed values) must be what the tree does, status by status; and neither may know a node that the other does not.
 *
 *     unit-dm-ddf --print            every definition as DDF, as a start for a new file
 */
#include "base/macro.h"
#include "dm/definition.h"
#include "dm/transaction.h"
#include "dm/xmlread.h"
#include "support/test.h"
#include "unit/dm-certificate.h"

#include <stdlib.h>

#define SERVER "srv"
/* A name that any dynamic node may have: certificates are called by their thumbprints. */
#define NAME A_THUMBPRINT

static const struct {
    const char *file, *path;
} files[] = {
    { "devinfo", "./DevInfo" },
    { "devdetail", "./DevDetail" },
    { "dmacc", "./DMAcc" },
    { "dmclient", "./Vendor/MSFT/DMClient" },
    { "vpnv2", "./Vendor/MSFT/VPNv2" },
    { "certificatestore", "./Vendor/MSFT/CertificateStore" },
    { "clientcertificateinstall", "./Vendor/MSFT/ClientCertificateInstall" },
    { "rootcatrustedcertificates", "./Vendor/MSFT/RootCATrustedCertificates" },
    { "mobilevpn", "./Vendor/mvpn/MobileVPN" },
};

/* Values that are good where a DDF cannot say it. */
static const struct {
    const char *name, *value;
} samples[] = {
    { "Addr", "https://dm.example.org/2" },
    { "ManagementServiceAddress", "https://dm.example.org/2" },
    { "ServerURL", "https://dm.example.org/2" },
    { "EncodedCertificate", A_CERTIFICATE },
    { "HashAlgorithm", "SHA-256" },
    { "ProfileXML", "<VPNProfile><AlwaysOn>true</AlwaysOn></VPNProfile>" },
    { "EncryptionMethod", "AES256" },
    { "IntegrityCheckMethod", "SHA256" },
    { "DHGroup", "ECP256" },
    { "CipherTransformConstants", "GCMAES256" },
    { "AuthenticationTransformConstants", "GCMAES256" },
    { "PfsGroup", "ECP256" },
    { "MaxDelay", "60" }, /* not shorter than InitialDelay's default */
};

struct row {
    char path[512];
    const char *name;
    unsigned access;
    const char *format, *value;
    bool permanent, has_values;
    const struct dm_def *def;
};

static unsigned n_rows, n_checks;
static const char *const others[] = { "https://dm.example.org/" };
static const struct dm_origins origins = { "https://dm.example.org/dm", others, 1 };

static const char *default_value(enum dm_format format)
{
    switch (format) {
    case DM_FORMAT_NODE:
    case DM_FORMAT_NULL:
        return "";
    case DM_FORMAT_CHR:
    case DM_FORMAT_XML:
        return "text";
    case DM_FORMAT_INT:
        return "1";
    case DM_FORMAT_BOOL:
        return "true";
    case DM_FORMAT_B64:
    case DM_FORMAT_BIN:
        return "AQID";
    }
    return "";
}

/* A value that the DDF allows; in `text` where one has to be made. */
static const char *sample(struct dm_arena *arena, const struct dm_element *properties, const struct row *row, char *text, size_t size)
{
    const struct dm_element *allowed = dm_element_child(properties, "AllowedValues");
    const char *first = dm_element_text(arena, dm_element_path(allowed, "Enum/Value")), *range;

    for (size_t i = 0; i < ELEMENTSOF(samples); i++)
        if (strcmp(samples[i].name, row->name) == 0)
            return samples[i].value;
    if (first)
        return first;
    range = dm_element_text(arena, dm_element_child(allowed, "Value")); /* "[1-300]" */
    if (range && sscanf(range, "[%31[0-9]", text) == 1)
        return text;
    snprintf(text, size, "%s", default_value(row->def->format));
    return text;
}

static int no_status(void *userdata, const struct dm_command *command, const char *target, unsigned code)
{
    (void)command;
    (void)target;
    *(unsigned *)userdata = code;
    return 0;
}

static int no_result(void *userdata, const struct dm_command *command, const struct dm_found *found)
{
    (void)userdata;
    (void)command;
    return found->uri ? 0 : -1;
}

static void no_order(void *userdata, const struct dm_order *order)
{
    (void)userdata;
    (void)order;
}

static void no_log(void *userdata, const struct dm_command *command, const char *target, unsigned code, const char *sentence)
{
    (void)userdata;
    (void)command;
    (void)target;
    (void)code;
    CHECK(sentence[0]);
}

/* One command, run as a session would; its status. */
static unsigned run(struct dm_tree *tree, enum dm_verb verb, const char *uri, const char *format, const char *value)
{
    unsigned code = 0;
    struct dm_answers answers = { no_status, no_result, no_order, no_log, &code };
    struct dm_transaction t = { .tree = tree, .server = SERVER, .origins = &origins, .answers = &answers };
    struct dm_item item = { .target = uri, .meta = { .format = format }, .data = { value, value ? strlen(value) : 0 } };
    struct dm_command command = { .verb = verb, .cmd_id = "1", .items = &item };

    CHECK_EQ(dm_transaction_run(&t, &command, NULL), 0);
    n_checks++;
    return code;
}

static struct dm_tree *tree_with(const struct row *row)
{
    struct dm_tree *tree = dm_tree_new(dm_objects_root());

    CHECK_EQ(dm_tree_tell(tree, "./Vendor/MSFT/DMClient/Provider/" NAME, NULL), 0);
    CHECK_EQ(dm_tree_tell_owner(tree, "./Vendor/MSFT/DMClient/Provider/" NAME, SERVER), 0);
    if (row)
        CHECK_EQ(dm_tree_tell(tree, row->path, row->def->format == DM_FORMAT_NODE ? NULL : row->value), 0);
    return tree;
}

static void check_on_present(const struct row *row, enum dm_verb verb, unsigned access, unsigned good, const char *value)
{
    struct dm_tree *tree = tree_with(row);
    const char *format = verb == DM_VERB_REPLACE || verb == DM_VERB_ADD ? row->format : NULL;

    test_context("%s %s", dm_verb_name(verb), row->path);
    CHECK_EQ(run(tree, verb, row->path, format, value), row->access & access ? good : 405);
    dm_tree_free(tree);
}

static void check_add(const struct row *row)
{
    struct dm_tree *tree = tree_with(NULL);

    test_context("Add %s where it is not yet", row->path);
    if (row->access & DM_ACCESS_ADD && !dm_tree_at(tree, row->path))
        CHECK_EQ(run(tree, DM_VERB_ADD, row->path, row->format, row->value), 200);
    dm_tree_free(tree);
}

static void check_values(const struct row *row)
{
    struct dm_tree *tree = tree_with(row);
    char path[600];

    test_context("values of %s", row->path);
    CHECK_EQ(run(tree, DM_VERB_COPY, row->path, NULL, NULL), 406);
    snprintf(path, sizeof(path), "%s/NoSuchNode", row->path);
    CHECK_EQ(run(tree, DM_VERB_GET, path, NULL, NULL), 404);
    CHECK_EQ(run(tree, DM_VERB_REPLACE, path, NULL, "x"), 404);
    CHECK_EQ(run(tree, DM_VERB_DELETE, path, NULL, NULL), 404);
    CHECK_EQ(run(tree, DM_VERB_EXEC, path, NULL, NULL), 404);
    snprintf(path, sizeof(path), "%s?prop=Format", row->path);
    CHECK_EQ(run(tree, DM_VERB_GET, path, NULL, NULL), 200);
    snprintf(path, sizeof(path), "%s?prop=TStamp", row->path);
    CHECK_EQ(run(tree, DM_VERB_GET, path, NULL, NULL), 406);
    snprintf(path, sizeof(path), "%s?list=StructData", row->path);
    CHECK_EQ(run(tree, DM_VERB_GET, path, NULL, NULL), 200);
    if (row->access & DM_ACCESS_REPLACE && row->def->format != DM_FORMAT_NODE) {
        CHECK_EQ(run(tree, DM_VERB_REPLACE, row->path, "node", row->value), 415);
        if (row->has_values)
            CHECK_EQ(run(tree, DM_VERB_REPLACE, row->path, row->format, "-77"), 406);
    }
    dm_tree_free(tree);
}

static void check_row(const struct row *row)
{
    n_rows++;
    check_on_present(row, DM_VERB_GET, DM_ACCESS_GET, 200, NULL);
    check_on_present(row, DM_VERB_REPLACE, DM_ACCESS_REPLACE, 200, row->value);
    check_on_present(row, DM_VERB_DELETE, row->permanent ? 0 : DM_ACCESS_DELETE, 200, NULL);
    check_on_present(row, DM_VERB_ADD, DM_ACCESS_ADD, 418, row->value);
    check_on_present(row, DM_VERB_EXEC, DM_ACCESS_EXEC, 202, NAME);
    check_add(row);
    check_values(row);
}

static unsigned access_of(const struct dm_element *type)
{
    static const struct {
        const char *name;
        unsigned access;
    } words[] = { { "Add", DM_ACCESS_ADD }, { "Delete", DM_ACCESS_DELETE }, { "Exec", DM_ACCESS_EXEC }, { "Get", DM_ACCESS_GET },
        { "Replace", DM_ACCESS_REPLACE } };
    unsigned access = 0;

    for (size_t i = 0; i < ELEMENTSOF(words); i++)
        if (dm_element_child(type, words[i].name))
            access |= words[i].access;
    return access;
}

/* The properties of one Node, compared with the definition, then run. */
static void check_node(struct dm_arena *arena, const struct dm_element *node, const struct dm_def *def, const char *path)
{
    const struct dm_element *properties = dm_element_child(node, "DFProperties"), *format;
    struct row row = { .def = def };
    char text[32] = "";
    unsigned n = 0;

    snprintf(row.path, sizeof(row.path), "%s", path);
    test_context("%s", path);
    row.name = def->name ? def->name : NAME;
    row.access = access_of(dm_element_child(properties, "AccessType"));
    row.permanent = dm_element_path(properties, "Scope/Permanent") != NULL;
    row.has_values = dm_element_child(properties, "AllowedValues") != NULL;
    format = dm_element_path(properties, "DFFormat");
    row.format = format && format->children ? format->children->name : "";
    row.value = sample(arena, properties, &row, text, sizeof(text));
    CHECK_EQ(row.access, def->access);
    CHECK_EQ(row.permanent, def->permanent);
    CHECK_STR(row.format, dm_format_name(def->format));
    CHECK_EQ(row.has_values, def->values != NULL);
    check_row(&row);
    for (const struct dm_element *child = dm_element_child(node, "Node"); child; child = dm_element_next(child, "Node")) {
        const char *name = dm_element_text(arena, dm_element_child(child, "NodeName"));
        const struct dm_def *found = NULL;
        char below[512];

        n++;
        name = name && *name ? name : NULL;
        for (size_t i = 0; i < def->n_children; i++)
            if (name ? def->children[i].name && strcmp(def->children[i].name, name) == 0 : !def->children[i].name)
                found = &def->children[i];
        snprintf(below, sizeof(below), "%s/%s", path, name ? name : NAME);
        test_context("%s", below);
        if (CHECK(found != NULL))
            check_node(arena, child, found, below);
    }
    test_context("%s: nodes of the DDF and of the tree", path);
    CHECK_EQ(n, def->n_children);
}

static const struct dm_def *def_at(const char *path)
{
    const struct dm_def *def = dm_objects_root();
    struct dm_uri uri;

    if (dm_uri_parse(path, &uri))
        return NULL;
    for (unsigned i = 0; def && i < uri.n_names; i++)
        def = dm_def_child(def, uri.names[i]);
    return def;
}

static void check_file(const char *file, const char *path)
{
    static char text[200000];
    struct dm_budget budget = DM_BUDGET_WHOLE;
    struct dm_arena *arena = dm_arena_new(DM_ARENA_BYTES);
    struct dm_element *root = NULL;
    struct dm_error error = { "" };
    char name[512];
    FILE *f;
    size_t n;

    snprintf(name, sizeof(name), "%s/%s.ddf.xml", DDF_DIR, file);
    test_context("%s", name);
    f = fopen(name, "re");
    if (!CHECK(f != NULL))
        return;
    n = fread(text, 1, sizeof(text), f);
    fclose(f);
    if (dm_xml_parse(arena, &budget, text, n, &root, &error) < 0)
        test_fail(__FILE__, __LINE__, "%s", error.text);
    else if (CHECK(dm_element_is(root, "MgmtTree")))
        check_node(arena, dm_element_child(root, "Node"), def_at(path), path);
    dm_arena_free(arena);
}

static void the_tree_does_what_the_ddf_says(void)
{
    for (size_t i = 0; i < ELEMENTSOF(files); i++)
        check_file(files[i].file, files[i].path);
    printf("%u nodes, %u commands\n", n_rows, n_checks);
    test_context("all");
    CHECK_GE(n_rows, 150);
}

/* Of our own tree and VPNv2 every node; of the others, what can be done with them is said in words. */
static void check_told(const char *page, const struct dm_def *def)
{
    for (size_t i = 0; i < def->n_children; i++) {
        const struct dm_def *child = &def->children[i];

        if (child->name && !strstr(page, child->name))
            test_fail(__FILE__, __LINE__, "mvpn-management(7) says nothing of %s", child->name);
        check_told(page, child);
    }
}

static void the_manual_has_every_node(void)
{
    static char page[40000];
    FILE *f = fopen(MANUAL, "re");

    if (!CHECK(f != NULL))
        return;
    page[fread(page, 1, sizeof(page) - 1, f)] = '\0';
    fclose(f);
    check_told(page, def_at("./Vendor/mvpn/MobileVPN"));
    check_told(page, def_at("./Vendor/MSFT/VPNv2"));
}

static void print_values(const struct dm_def *def, const char *indent)
{
    const char *dots = def->values ? strstr(def->values, "..") : NULL;

    if (!def->values)
        return;
    if (dots) {
        printf("%s  <MSFT:AllowedValues ValueType=\"Range\"><MSFT:Value>[%.*s-%s]</MSFT:Value></MSFT:AllowedValues>\n", indent,
            (int)(dots - def->values), def->values, dots + 2);
        return;
    }
    printf("%s  <MSFT:AllowedValues ValueType=\"ENUM\">\n", indent);
    for (const char *word = def->values;; word += strcspn(word, "|") + 1) {
        printf("%s    <MSFT:Enum><MSFT:Value>%.*s</MSFT:Value></MSFT:Enum>\n", indent, (int)strcspn(word, "|"), word);
        if (!strchr(word, '|'))
            break;
    }
    printf("%s  </MSFT:AllowedValues>\n", indent);
}

static void print_node(const struct dm_def *def, const char *path, unsigned depth)
{
    static const char blanks[] = "                                                ";
    const char *indent = blanks + sizeof(blanks) - 1 - depth * 2;

    printf("%s<Node>\n%s  <NodeName>%s</NodeName>\n", indent, indent, def->name ? def->name : "");
    if (path)
        printf("%s  <Path>%s</Path>\n", indent, path);
    printf("%s  <DFProperties>\n%s    <AccessType>%s%s%s%s%s</AccessType>\n", indent, indent, def->access & DM_ACCESS_ADD ? "<Add/>" : "",
        def->access & DM_ACCESS_DELETE ? "<Delete/>" : "", def->access & DM_ACCESS_EXEC ? "<Exec/>" : "",
        def->access & DM_ACCESS_GET ? "<Get/>" : "", def->access & DM_ACCESS_REPLACE ? "<Replace/>" : "");
    printf("%s    <DFFormat><%s/></DFFormat>\n%s    <Occurrence><%s/></Occurrence>\n%s    <Scope><%s/></Scope>\n", indent,
        dm_format_name(def->format), indent, def->permanent ? "One" : def->name ? "ZeroOrOne" : "ZeroOrMore", indent,
        def->permanent ? "Permanent" : "Dynamic");
    printf("%s    <DFType>%s</DFType>\n", indent, def->format == DM_FORMAT_NODE ? "<DDFName></DDFName>" : "<MIME>text/plain</MIME>");
    print_values(def, indent);
    printf("%s  </DFProperties>\n", indent);
    for (size_t i = 0; i < def->n_children; i++)
        print_node(&def->children[i], NULL, depth + 1);
    printf("%s</Node>\n", indent);
}

static void print_all(void)
{
    for (size_t i = 0; i < ELEMENTSOF(files); i++) {
        char parent[128];

        snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(files[i].path, '/') - files[i].path), files[i].path);
        printf("FILE %s\n", files[i].file);
        print_node(def_at(files[i].path), parent, 1);
    }
}

static const struct test tests[] = { TEST(the_tree_does_what_the_ddf_says), TEST(the_manual_has_every_node) };

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        print_all();
        return 0;
    }
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
