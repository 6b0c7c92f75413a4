#include "services/intake/facts/nearby.h"

#include "services/intake/facts/plain.h"
#include "services/intake/facts/words.h"

#define BYTES_MAX 72 /* that are looked at */
#define WORDS_MAX 5

/* Small letters without accents. In English, Portuguese, Spanish, Malay and Hindi. */
static const char *const cards[] = {"card",   "cards",  "visa",    "mastercard", "amex", "maestro",
                                    "rupay",  "cartao", "tarjeta", "tarjetas",   "kad",  "credito",
                                    "debito", "कार्ड",   "cc",      "pan"};
static const char *const phones[] = {
    "phone",   "tel",      "telephone", "mobile",   "cell",    "call",   "whatsapp",
    "sms",     "reach",    "contact",   "telefone", "celular", "ligue",  "ligar",
    "zap",     "telefono", "movil",     "llame",    "llamame", "llamar", "llamen",
    "telefon", "hubungi",  "bimbit",    "फोन",      "मोबाइल",  "कॉल",    "व्हाट्सएप"};
static const char *const references[] = {
    "order",       "orders",    "ticket",      "invoice",      "reference", "ref",
    "imei",        "serial",    "tracking",    "parcel",       "shipment",  "awb",
    "case",        "isbn",      "ean",         "barcode",      "sku",       "booking",
    "transaction", "pedido",    "fatura",      "protocolo",    "rastreio",  "rastreamento",
    "referencia",  "encomenda", "orden",       "factura",      "envio",     "seguimiento",
    "reserva",     "transacao", "transaccion", "pesanan",      "resit",     "invois",
    "rujukan",     "tiket",     "bungkusan",   "penghantaran", "transaksi", "ऑर्डर",
    "आर्डर",        "टिकट",      "रसीद",        "id",           "uuid"};

/* Whether a word may begin with this byte of UTF-8: letters beyond ASCII have a code of their own.
 */
static bool is_first(char c, char first)
{
    return c == first || (unsigned char)first >= 0x80;
}

static bool is_among(struct toc_str word, const char *const words[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_first(word.data[0], words[i][0]) && words_equal(word, words[i]))
            return true;
    return false;
}

#define IS_AMONG(word, words) is_among(word, words, sizeof(words) / sizeof(words[0]))

static enum nearby meaning_of(struct toc_str word)
{
    if (IS_AMONG(word, references))
        return NEARBY_REFERENCE;
    if (IS_AMONG(word, cards))
        return NEARBY_CARD;
    return IS_AMONG(word, phones) ? NEARBY_PHONE : NEARBY_NOTHING;
}

enum nearby nearby_before(struct toc_str plain, size_t at)
{
    char data[WORDS_ROOM(BYTES_MAX)];
    size_t from = at > BYTES_MAX ? at - BYTES_MAX : 0;
    while (from < at && plain_is_inside(plain.data[from]))
        from++;
    size_t end = words_make(data, toc_str(plain.data + from, at - from));
    for (unsigned count = 0; count < WORDS_MAX && end > 1; count++) {
        size_t begin = end - 1;
        while (data[begin - 1] != ' ')
            begin--;
        enum nearby meaning = meaning_of(toc_str(data + begin, end - 1 - begin));
        if (meaning != NEARBY_NOTHING)
            return meaning;
        end = begin;
    }
    return NEARBY_NOTHING;
}
