#include "services/notifier/send/text/language.h"

const struct text_language text_ms = {
    .code = "ms",
    .units = {"hari", "jam", "min", "saat"},
    .severities = {"KRITIKAL", "RALAT", "AMARAN", "MAKLUMAT"},
    .risks = {"", "tiada", "rendah", "meningkat", "teruk", "kritikal"},
    .whats = {[TEXT_BREACHED] = "{metric} telah dilanggar",
              [TEXT_WARNED] = "{metric} hampir dilanggar",
              [TEXT_OPENED] = "kes baharu",
              [TEXT_WAITING] = "kes yang tiada sesiapa boleh ambil",
              [TEXT_UNCONFIRMED] = "{metric} mungkin dilanggar",
              [TEXT_SILENT] = "{about} senyap: tidak diketahui apa yang berlaku di sana",
              [TEXT_STOPPED] = "{about} tidak diikuti lagi: lognya bukan yang dahulu",
              [TEXT_PROVIDER] = "{about} tidak menerima panggilan",
              [TEXT_UNREACHED] = "tiada panggilan ujian sampai kepada {about}",
              [TEXT_OTHER] = "{cause}"},
    .title = "{?test}[TEST] \n"
             "{?code}Kod anda untuk Tocsin\n"
             "Amaran yang menunggu sejak waktu senyap anda: {digest}\n"
             "{?probe}Adakah panggilan ini sampai kepada anda?\n"
             "Senyap atau penyelenggaraan {mute} tamat dalam {mute_left}\n"
             "{?ends}Peringatan: \n"
             "{severity} {queue}: {what}\n"
             "{severity}: {what}{?suite}\n"
             "{?unconfirmed} (belum disahkan)\n"
             ", tinggal {left}\n"
             ", lewat {over}\n",
    .brief = "{?test}TEST: ini ujian\n"
             "{?code}Kod anda untuk Tocsin: {code}\n"
             "Waktu senyap anda sudah tamat. Amaran yang menunggu: {digest}\n"
             "{?probe}Panggilan ini bertanya sama ada ia sampai kepada anda.\n"
             "Senyap atau penyelenggaraan {mute} tamat dalam {mute_left}; apa yang ditahan akan "
             "berbunyi.\n"
             "Perakuan anda tamat dalam {ends}.\n"
             "{severity} {queue}: {what}\n"
             "{severity}: {what}{?suite}\n"
             "{?unconfirmed}belum disahkan: mungkin masih dalam masa\n"
             "mewakili {more} lagi\n"
             "kategori {category}\n"
             "risiko {risk}\n"
             "tarikh akhir {due}, tinggal {left}\n"
             "tarikh akhir {due}, lewat {over}\n"
             "memanggil {next} +{others} dalam {wait}\n"
             "memanggil {next} dalam {wait}{?single}\n"
             "{?last}anda orang terakhir dalam laluan ini\n"
             "prosedur {sop}\n"
             "{link}\n"
             "tocsin ack {alert}{?typed}\n"
             "tocsin reach answer {answer}{?typed}\n",
    .full = "{?test}Ini ujian (TEST). Akui sahaja; tiada apa-apa lagi perlu dibuat.\n"
            "{?code}Seseorang meminta panggilan untuk {person} sampai di sini. Jika anda, sahkan:\n"
            "{?code}\n"
            "    tocsin contact confirm {person} {method} {code}\n"
            "{?code}\n"
            "{?code}Kod ini sah selama 15 minit. Jika bukan anda, jangan buat apa-apa.\n"
            "Waktu senyap anda sudah tamat. Amaran yang menunggu: {digest}\n"
            "{?probe}Panggilan ini bertanya sama ada ia sampai kepada anda. Tiada masalah.\n"
            "Senyap atau penyelenggaraan {mute} tamat dalam {mute_left}; apa yang ditahan akan "
            "berbunyi.\n"
            "Perakuan anda tamat dalam {ends}; kemudian amaran diteruskan.\n"
            "{severity}: {what}\n"
            "{?unconfirmed}BELUM DISAHKAN: mesej lewat tiba, dan mungkin masih dalam masa.\n"
            "Panggilan ini mewakili {more} lagi.\n"
            "{?severity}\n"
            "Barisan:      {queue}\n"
            "Kategori:     {category}\n"
            "Risiko:       {risk}\n"
            "Keutamaan:    {priority}\n"
            "Tarikh akhir: {due} ({zone})\n"
            "Masa tinggal: {left}\n"
            "Lewat:        {over}\n"
            "Seterusnya:   memanggil {next} dan {others} lagi dalam {wait}\n"
            "Seterusnya:   memanggil {next} dalam {wait}{?single}\n"
            "{?last}Seterusnya:   tiada; anda orang terakhir dalam laluan ini\n"
            "Prosedur:     {sop}\n"
            "Kes:          {issue}\n"
            "{?alert}\n"
            "Akui:         {link}{?alert}\n"
            "Akui:         tocsin ack {alert}\n"
            "{?probe}\n"
            "Jawab:        {link}{?probe}\n"
            "Jawab:        tocsin reach answer {answer}\n",
    .words = {[WORD_DOCUMENT] = "Amaran Tocsin",
              [WORD_STATE] = "Keadaan",
              [WORD_UNTIL] = "Sehingga",
              [WORD_DUE] = "Tarikh akhir",
              [WORD_QUEUE] = "Barisan",
              [WORD_PRIORITY] = "Keutamaan",
              [WORD_RISK] = "Risiko",
              [WORD_CATEGORY] = "Kategori",
              [WORD_SOP] = "Prosedur",
              [WORD_STEP] = "Langkah",
              [WORD_NEXT] = "Langkah seterusnya",
              [WORD_ISSUE] = "Kes",
              [WORD_OPENED] = "Dibuka",
              [WORD_ALERT] = "Amaran",
              [WORD_READER] = "Untuk",
              [WORD_OPEN] = "belum ada sesiapa yang menjawab",
              [WORD_THROUGH] = "tiada sesiapa menjawab, dan laluan sudah habis",
              [WORD_ACKED] = "diakui",
              [WORD_TAKEN] = "diambil alih",
              [WORD_SNOOZED] = "ditangguhkan",
              [WORD_ESCALATED] = "dinaikkan",
              [WORD_RESOLVED] = "diselesaikan",
              [WORD_NOTED] = "dicatat",
              [WORD_ALREADY] = "sudah",
              [WORD_IN] = "dalam {}",
              [WORD_AGO] = "{} lalu",
              [WORD_ACK] = "Akui",
              [WORD_TAKE] = "Ambil alih",
              [WORD_SNOOZE] = "Tangguh",
              [WORD_ESCALATE] = "Naikkan sekarang",
              [WORD_RESOLVE] = "Selesaikan",
              [WORD_NOTE] = "Tambah catatan",
              [WORD_SNOOZE_FOR] = "Tangguh selama",
              [WORD_NOTE_TEXT] = "Catatan: kod atau rujukan, tanpa nama",
              [WORD_GROUP] = "Sama untuk seluruh kumpulannya, {} lagi",
              [WORD_MORE] = "Lagi",
              [WORD_ONCE] = "Satu pautan melakukan satu perkara dan menerima satu catatan, untuk "
                            "orang yang menerimanya.",
              [WORD_AGAIN] = "Lihat semula",
              [WORD_LATER] = "Sudah dicatat, dan berkuat kuasa sebentar lagi.",
              [WORD_NOT_DONE] = "tidak dibuat",
              [WORD_NO_LINK] = "Ini bukan pautan panggilan: mungkin terpotong.",
              [WORD_EXPIRED] = "Pautan ini sudah tamat, seminggu selepas panggilannya.",
              [WORD_USED] = "Pautan ini sudah digunakan:",
              [WORD_IS_RESOLVED] = "Amaran ini sudah diselesaikan.",
              [WORD_IS_ACKED] = "Orang lain sudah mengambilnya.",
              [WORD_HAS_CHANGED] = "Ia sudah berubah sejak anda melihatnya.",
              [WORD_SNOOZE_OVER] = "Masa tangguh itu sudah tamat.",
              [WORD_SILENT] = "Belum ada yang menerimanya. Tekan semula: ia dibuat sekali sahaja.",
              [WORD_FULL] = "Terlalu banyak yang menunggu. Tekan semula.",
              [WORD_OFTEN] = "Terlalu banyak permintaan dari alamat ini. Tunggu sebentar.",
              [WORD_UNCLEAR] = "Ini tidak difahami.",
              [WORD_SENT] = "Dihantar",
              [WORD_CAME] = "Ia sampai kepada saya",
              [WORD_ANSWERED] = "dijawab",
              [WORD_PROBE_OVER] = "Ujian ini sudah tamat. Tiada apa-apa perlu dibuat."},
};
