#include "services/intake/mail/quote_line.h"

#include <strings.h>

#define LINE_MAX_BYTES    400 /* of a line that is looked at */
#define ATTRIBUTION_LINES 3
#define HEADER_LINES      7

struct toc_str quote_line(struct toc_str text)
{
    const char *end = text.size > 0 ? memchr(text.data, '\n', text.size) : NULL;
    return end != NULL ? toc_str(text.data, (size_t)(end - text.data)) : text;
}

struct toc_str quote_after(struct toc_str text)
{
    size_t size = quote_line(text).size;
    return toc_str_from(text, size < text.size ? size + 1 : size);
}

struct toc_str quote_trim(struct toc_str line)
{
    while (line.size > 0 && (line.data[0] == ' ' || line.data[0] == '\t'))
        line = toc_str_from(line, 1);
    while (line.size > 0 && (line.data[line.size - 1] == ' ' || line.data[line.size - 1] == '\t'))
        line.size--;
    return line;
}

/* Letters beyond ASCII have to be as in the word. */
static bool begins(struct toc_str line, const char *word)
{
    size_t size = strlen(word);
    return line.size >= size && strncasecmp(line.data, word, size) == 0;
}

static bool has_any(struct toc_str line, const char *const *words)
{
    for (; *words != NULL; words++)
        for (size_t i = 0; i + strlen(*words) <= line.size; i++)
            if (begins(toc_str_from(line, i), *words))
                return true;
    return false;
}

static bool begins_any(struct toc_str line, const char *const *words)
{
    for (; *words != NULL; words++)
        if (begins(line, *words))
            return true;
    return false;
}

bool quote_is_quoted(struct toc_str line)
{
    return line.size > 0 &&
           (line.data[0] == '>' || (line.size > 1 && line.data[0] == ' ' && line.data[1] == '>'));
}

bool quote_is_signature(struct toc_str line)
{
    return toc_str_equal(line, TOC_STR("-- ")) || toc_str_equal(line, TOC_STR("--"));
}

bool quote_is_device(struct toc_str line)
{
    static const char *const words[] = {"sent from my ",      "sent from mail for ",
                                        "sent from outlook",  "sent via my ",
                                        "get outlook for ",   "sent with proton",
                                        "von meinem iphone",  "gesendet von ",
                                        "gesendet mit ",      "envoyé de mon ",
                                        "envoyé depuis ",     "enviado desde mi ",
                                        "enviado do meu ",    "enviado a partir ",
                                        "inviato da ",        "verzonden vanaf ",
                                        "skickat från ",      "sendt fra ",
                                        "wysłane z ",         "отправлено с ",
                                        "dihantar daripada ", "dikirim dari ",
                                        "发自我的",           "von meinem ipad",
                                        "von meinem samsung", NULL};
    line = quote_trim(line);
    return line.size < 80 && begins_any(line, words);
}

/* What stands between at least two dashes on each side; no data when nothing does. */
static struct toc_str between_dashes(struct toc_str line)
{
    size_t before = 0, after = 0;
    line = quote_trim(line);
    while (before < line.size && line.data[before] == '-')
        before++;
    while (after < line.size - before && line.data[line.size - 1 - after] == '-')
        after++;
    if (before < 2 || after < 2)
        return toc_str(NULL, 0);
    return quote_trim(toc_str(line.data + before, line.size - before - after));
}

bool quote_is_forward(struct toc_str line)
{
    static const char *const words[] = {
        "forwarded message",     "forwarded by",        "weitergeleitete nachricht",
        "message transféré",     "message transfere",   "mensaje reenviado",
        "mensagem encaminhada",  "messaggio inoltrato", "doorgestuurd bericht",
        "vidarebefordrat",       "videresendt",         "пересылаемое сообщение",
        "пересланное сообщение", "转发的邮件",          "अग्रेषित संदेश",
        "mesej dimajukan",       "pesan terusan",       NULL};
    static const char *const begin[] = {
        "begin forwarded message",  "anfang der weitergeleiteten",  "début du message réexpédié",
        "início da mensagem encam", "inicio del mensaje reenviado", NULL};
    if (line.size > LINE_MAX_BYTES)
        return false;
    return begins_any(quote_trim(line), begin) || begins_any(between_dashes(line), words);
}

static bool is_divider(struct toc_str line)
{
    static const char *const words[] = {"original message",
                                        "original appointment",
                                        "ursprüngliche nachricht",
                                        "originalnachricht",
                                        "message d'origine",
                                        "message original",
                                        "mensaje original",
                                        "mensagem original",
                                        "messaggio originale",
                                        "oorspronkelijk",
                                        "originele bericht",
                                        "ursprungligt meddelande",
                                        "originalmeddelande",
                                        "oprindelig meddelelse",
                                        "opprinnelig melding",
                                        "alkuperäinen viesti",
                                        "oryginalna wiadomość",
                                        "исходное сообщение",
                                        "оригинальное сообщ",
                                        "mesej asal",
                                        "pesan asli",
                                        "原始邮件",
                                        "原始郵件",
                                        "मूल संदेश",
                                        "reply message",
                                        NULL};
    return begins_any(between_dashes(line), words);
}

/* A line of the header that Outlook and others put before what they quote. */
static bool is_header_line(struct toc_str line, bool first)
{
    static const char *const from[] = {
        "from:", "von:",   "de:",    "de :",    "da:",       "van:",  "från:", "fra:",       "od:",
        "от:",   "发件人", "寄件者", "差出人:", "daripada:", "dari:", "प्रेषक:", "lähettäjä:", NULL};
    static const char *const others[] = {
        "sent:",       "date:",    "to:",        "cc:",       "subject:",   "gesendet:", "datum:",
        "an:",         "betreff:", "envoyé",     "date :",    "à :",        "à:",        "objet",
        "enviado",     "fecha:",   "para:",      "asunto:",   "data:",      "assunto:",  "inviato:",
        "a:",          "oggetto:", "verzonden:", "aan:",      "onderwerp:", "skickat:",  "till:",
        "ämne:",       "sendt:",   "til:",       "emne:",     "wysłano:",   "do:",       "temat:",
        "отправлено:", "дата:",    "кому:",      "тема:",     "发送时间",   "收件人",    "主题",
        "宛先:",       "件名:",    "日時:",      "dihantar:", "kepada:",    "subjek:",   "tarikh:",
        "dikirim:",    "दिनांक:",   "विषय:",      NULL};
    line = quote_trim(line);
    while (line.size > 0 && line.data[0] == '*')
        line = toc_str_from(line, 1);
    return line.size <= LINE_MAX_BYTES && begins_any(line, first ? from : others);
}

bool quote_is_original(struct toc_str text)
{
    struct toc_str line = quote_line(text);
    unsigned found = 0;
    if (line.size > LINE_MAX_BYTES)
        return false;
    if (is_divider(line))
        return true;
    if (!is_header_line(line, true))
        return false;
    for (size_t i = 1; i < HEADER_LINES; i++) {
        text = quote_after(text);
        found += is_header_line(quote_line(text), false);
    }
    return found >= 2;
}

static bool has_digit_or_at(struct toc_str line)
{
    for (size_t i = 0; i < line.size; i++)
        if (line.data[i] == '@' || (line.data[i] >= '0' && line.data[i] <= '9'))
            return true;
    return false;
}

static bool ends(struct toc_str line, struct toc_str end)
{
    return line.size >= end.size && toc_str_starts(toc_str_from(line, line.size - end.size), end);
}

/* "2024-05-01 10:00 GMT+02:00 Ana <ana@example.com>:" */
static bool is_dated(struct toc_str line)
{
    return line.size > 12 && line.data[0] >= '1' && line.data[0] <= '2' && line.data[4] == '-' &&
           line.data[7] == '-' && ends(line, TOC_STR(">:"));
}

static bool is_attribution(struct toc_str line)
{
    static const char *const wrote[] = {
        "wrote",      "schrieb", "a écrit", "a ecrit", "escribió", "escribio",   "escreveu",
        "ha scritto", "schreef", "skrev",   "napisał", "pisze",    "kirjoitti",  "написал",
        "пишет",      "писал",   "写道",    "寫道",    "のメール", "書きました", "작성",
        "ने लिखा",     "menulis", "yazdı",   "a scris", "napsal",   "írta",       "έγραψε",
        "đã viết",    "כתב",     "كتب",     "tulis",   NULL};
    line = quote_trim(line);
    if (line.size < 8 || line.size > LINE_MAX_BYTES || !has_digit_or_at(line))
        return false;
    if (!ends(line, TOC_STR(":")) && !ends(line, TOC_STR("：")))
        return false;
    return has_any(line, wrote) || is_dated(line);
}

/* How a line begins that goes on in the next: a day in many languages. */
static bool is_begun(struct toc_str line)
{
    static const char *const words[] = {"on ",  "am ",  "le ",  "el ",   "em ",     "il ",
                                        "op ",  "den ", "på ",  "pada ", "w dniu ", "dne ",
                                        "dňa ", "în ",  "vào ", "στις ", NULL};
    line = quote_trim(line);
    return begins_any(line, words) || (line.size > 0 && line.data[0] >= '0' && line.data[0] <= '9');
}

/* Clients fold the line where it gets long, so up to three lines are read as one. */
size_t quote_attribution(struct toc_str text)
{
    struct toc_str rest = text;
    for (size_t lines = 1; lines <= ATTRIBUTION_LINES && rest.size > 0; lines++) {
        struct toc_str line = quote_line(rest);
        if (quote_trim(line).size == 0 || quote_is_quoted(line) || line.size > LINE_MAX_BYTES ||
            (lines == 2 && !is_begun(text)))
            return 0;
        struct toc_str joined = toc_str(text.data, (size_t)(line.data - text.data) + line.size);
        if (is_attribution(joined))
            return lines;
        rest = quote_after(rest);
    }
    return 0;
}
