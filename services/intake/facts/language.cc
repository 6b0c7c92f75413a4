#include "services/intake/facts/language.h"

#include <cstdio>
#include <cstring>
#include <malloc.h>

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

namespace
{

const size_t kSampleBytes = 320; /* of a longer text: from its begin and its middle */
const size_t kBeginBytes = 200;
const size_t kMarginBytes = 8; /* CLD2 looks at what is behind its text */

/*
 * What is needed for full confidence. CLD2 is made for texts of two hundred letters; below, it is
 * often sure and wrong, so that its own confidence is lowered in proportion.
 */
const int kFullBytes = 48;
const int kCloseBytes = 160; /* where a sister language is as likely */
const int kLeastBytes = 12;
const unsigned kLeastPercent = 40;

/* CLD2's names that are not BCP 47's; the empty ones are no language. */
const struct {
    const char *code, *tag;
} kTags[] = {{"iw", "he"},  {"jw", "jv"},  {"no", "nb"},   {"tl", "fil"}, {"zh", "zh-Hans"},
             {"bh", "bho"}, {"sr-ME", ""}, {"sit-NP", ""}, {"un", ""},    {"mo", "ro"},
             {"zzp", ""},   {"zzb", ""},   {"zze", ""},    {"zzh", ""},   {"tlh", ""}};

const char *const kClose[] = {"id", "jv", "su", "gl", "ca", "hr", "bs",  "sr", "da",
                              "nb", "nn", "cs", "sk", "af", "nl", "bho", "mr", "ne"};

int full_bytes(const char *tag)
{
    for (const char *close : kClose)
        if (std::strcmp(close, tag) == 0)
            return kCloseBytes;
    return kFullBytes;
}

const char *tag_of(const char *code)
{
    if (code[0] == 'x' && code[1] == 'x') /* a script, not a language */
        return "";
    for (const auto &row : kTags)
        if (std::strcmp(row.code, code) == 0)
            return row.tag;
    return code;
}

/* Moves back to a place between characters, and between words when one is near. */
size_t cut_before(const char *text, size_t at)
{
    size_t near = at > 40 ? at - 40 : 0;
    for (size_t i = at; i > near; i--)
        if (text[i] == ' ' || text[i] == '\n')
            return i;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80)
        at--;
    return at;
}

size_t take_sample(char *out, const char *plain, size_t size)
{
    if (size <= kSampleBytes) {
        std::memcpy(out, plain, size);
        return size;
    }
    size_t begin = cut_before(plain, kBeginBytes);
    size_t from = cut_before(plain, begin + (size - begin) / 2);
    from = from > begin ? from : begin;
    size_t until = from + (kSampleBytes - kBeginBytes);
    until = until < size ? cut_before(plain, until) : size;
    until = until > from ? until : from;
    std::memcpy(out, plain, begin);
    out[begin] = ' ';
    std::memcpy(out + begin + 1, plain + from, until - from);
    return begin + 1 + until - from;
}

} // namespace

extern "C" void language_init(const char **version)
{
    /*
     * CLD2 takes and frees 170 kB for every text. Unless told to keep such memory, the allocator
     * gives it back to the system each time, which costs more than the detection.
     */
    mallopt(M_TRIM_THRESHOLD, 4 * 1024 * 1024);
    mallopt(M_MMAP_THRESHOLD, 2 * 1024 * 1024);
    *version = CLD2::DetectLanguageVersion();
}

extern "C" void language_find(const char *plain, size_t size, struct language *out)
{
    char sample[kSampleBytes + 1 + kMarginBytes];
    CLD2::CLDHints hints = {nullptr, nullptr, CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE};
    CLD2::Language languages[3] = {};
    int percents[3] = {}, bytes = 0, valid = 0;
    double scores[3] = {};
    bool reliable = false;
    std::strcpy(out->tag, "und");
    out->confidence_percent = 0;
    size_t sample_size = size > 0 ? take_sample(sample, plain, size) : 0;
    if (sample_size == 0)
        return;
    std::memset(sample + sample_size, 0, kMarginBytes);
    CLD2::ExtDetectLanguageSummaryCheckUTF8(sample, static_cast<int>(sample_size), true, &hints, 0,
                                            languages, percents, scores, nullptr, &bytes, &reliable,
                                            &valid);
    const char *tag = tag_of(CLD2::LanguageCode(languages[0]));
    int full = full_bytes(tag);
    int percent = percents[0] * (bytes < full ? bytes : full) / full;
    percent = percent < 0 ? 0 : percent > 100 ? 100 : percent;
    if (!reliable || bytes < kLeastBytes || static_cast<unsigned>(percent) < kLeastPercent ||
        tag[0] == '\0' || std::strlen(tag) >= LANGUAGE_TAG_MAX)
        return;
    std::snprintf(out->tag, LANGUAGE_TAG_MAX, "%s", tag);
    out->confidence_percent = static_cast<unsigned>(percent);
}
