#include "services/notifier/send/text/language.h"

const struct text_language text_hi = {
    .code = "hi",
    .units = {"दिन", "घंटे", "मिनट", "सेकंड"},
    .severities = {"गंभीर", "त्रुटि", "चेतावनी", "सूचना"},
    .risks = {"", "कोई नहीं", "कम", "बढ़ा हुआ", "गंभीर", "अति गंभीर"},
    .whats = {[TEXT_BREACHED] = "{metric} की समय-सीमा टूट गई",
              [TEXT_WARNED] = "{metric} की समय-सीमा टूटने वाली है",
              [TEXT_OPENED] = "एक नया मामला",
              [TEXT_WAITING] = "एक मामला जिसे कोई नहीं ले सकता",
              [TEXT_UNCONFIRMED] = "{metric} का उल्लंघन हुआ हो सकता है",
              [TEXT_SILENT] = "{about} चुप है: वहाँ क्या हो रहा है, पता नहीं",
              [TEXT_STOPPED] = "{about} का अनुसरण बंद है: उसका लॉग पहले वाला नहीं है",
              [TEXT_PROVIDER] = "{about} सूचनाएँ नहीं ले रहा",
              [TEXT_UNREACHED] = "{about} तक कोई परीक्षण सूचना नहीं पहुँची",
              [TEXT_OTHER] = "{cause}"},
    .title = "{?test}[TEST] \n"
             "{?code}Tocsin के लिए आपका कोड\n"
             "आपके शांत समय से प्रतीक्षा में अलर्ट: {digest}\n"
             "{?probe}क्या यह सूचना आप तक पहुँचती है?\n"
             "मौन या रखरखाव {mute} {mute_left} में समाप्त होगा\n"
             "{?ends}याद दिलाना: \n"
             "{severity} {queue}: {what}\n"
             "{severity}: {what}{?suite}\n"
             "{?unconfirmed} (अपुष्ट)\n"
             ", {left} बाकी\n"
             ", {over} की देरी\n",
    .brief = "{?test}TEST: यह जाँच है\n"
             "{?code}Tocsin के लिए आपका कोड: {code}\n"
             "आपका शांत समय समाप्त हुआ। प्रतीक्षा में अलर्ट: {digest}\n"
             "{?probe}यह सूचना पूछती है कि क्या यह आप तक पहुँचती है।\n"
             "मौन या रखरखाव {mute} {mute_left} में समाप्त होगा; तब रोकी गई सूचनाएँ बजेंगी।\n"
             "आपकी स्वीकृति {ends} में समाप्त होगी।\n"
             "{severity} {queue}: {what}\n"
             "{severity}: {what}{?suite}\n"
             "{?unconfirmed}अपुष्ट: अभी भी समय पर हो सकता है\n"
             "{more} और की ओर से\n"
             "श्रेणी {category}\n"
             "जोखिम {risk}\n"
             "समय-सीमा {due}, {left} बाकी\n"
             "समय-सीमा {due} थी, {over} की देरी\n"
             "{wait} में {next} +{others} को बुलाया जाएगा\n"
             "{wait} में {next} को बुलाया जाएगा{?single}\n"
             "{?last}इस क्रम में आप आख़िरी हैं\n"
             "प्रक्रिया {sop}\n"
             "{link}\n"
             "tocsin ack {alert}{?typed}\n"
             "tocsin reach answer {answer}{?typed}\n",
    .full = "{?test}यह जाँच (TEST) है। बस स्वीकार करें; और कुछ नहीं करना है।\n"
            "{?code}किसी ने चाहा कि {person} की सूचनाएँ यहाँ आएँ। अगर वह आप थे, तो पुष्टि करें:\n"
            "{?code}\n"
            "    tocsin contact confirm {person} {method} {code}\n"
            "{?code}\n"
            "{?code}कोड 15 मिनट तक चलेगा। अगर वह आप नहीं थे, तो कुछ न करें।\n"
            "आपका शांत समय समाप्त हुआ। प्रतीक्षा में अलर्ट: {digest}\n"
            "{?probe}यह सूचना पूछती है कि क्या यह आप तक पहुँचती है। सब ठीक है।\n"
            "मौन या रखरखाव {mute} {mute_left} में समाप्त होगा; तब रोकी गई सूचनाएँ बजेंगी।\n"
            "आपकी स्वीकृति {ends} में समाप्त होगी; फिर चेतावनी आगे बढ़ेगी।\n"
            "{severity}: {what}\n"
            "{?unconfirmed}अपुष्ट: संदेश देर से आ रहे हैं; अभी भी समय पर हो सकता है।\n"
            "यह सूचना {more} और की ओर से भी है।\n"
            "{?severity}\n"
            "कतार: {queue}\n"
            "श्रेणी: {category}\n"
            "जोखिम: {risk}\n"
            "प्राथमिकता: {priority}\n"
            "समय-सीमा: {due} ({zone})\n"
            "बाकी समय: {left}\n"
            "देरी: {over}\n"
            "आगे: {wait} में {next} और {others} अन्य को बुलाया जाएगा\n"
            "आगे: {wait} में {next} को बुलाया जाएगा{?single}\n"
            "{?last}आगे: कोई नहीं; इस क्रम में आप आख़िरी हैं\n"
            "प्रक्रिया: {sop}\n"
            "मामला: {issue}\n"
            "{?alert}\n"
            "स्वीकार करें: {link}{?alert}\n"
            "स्वीकार करें: tocsin ack {alert}\n"
            "{?probe}\n"
            "उत्तर दें: {link}{?probe}\n"
            "उत्तर दें: tocsin reach answer {answer}\n",
    .words = {[WORD_DOCUMENT] = "Tocsin चेतावनी",
              [WORD_STATE] = "स्थिति",
              [WORD_UNTIL] = "कब तक",
              [WORD_DUE] = "समय-सीमा",
              [WORD_QUEUE] = "कतार",
              [WORD_PRIORITY] = "प्राथमिकता",
              [WORD_RISK] = "जोखिम",
              [WORD_CATEGORY] = "श्रेणी",
              [WORD_SOP] = "प्रक्रिया",
              [WORD_STEP] = "चरण",
              [WORD_NEXT] = "अगला चरण",
              [WORD_ISSUE] = "मामला",
              [WORD_OPENED] = "शुरू",
              [WORD_ALERT] = "चेतावनी",
              [WORD_READER] = "किसके लिए",
              [WORD_OPEN] = "अभी तक किसी ने उत्तर नहीं दिया",
              [WORD_THROUGH] = "किसी ने उत्तर नहीं दिया, और क्रम पूरा हो गया",
              [WORD_ACKED] = "स्वीकार की गई",
              [WORD_TAKEN] = "अपने ज़िम्मे ली गई",
              [WORD_SNOOZED] = "टाली गई",
              [WORD_ESCALATED] = "आगे बढ़ाई गई",
              [WORD_RESOLVED] = "हल की गई",
              [WORD_NOTED] = "टिप्पणी जोड़ी गई",
              [WORD_ALREADY] = "पहले ही",
              [WORD_IN] = "{} में",
              [WORD_AGO] = "{} पहले",
              [WORD_ACK] = "स्वीकार करें",
              [WORD_TAKE] = "अपने ज़िम्मे लें",
              [WORD_SNOOZE] = "टालें",
              [WORD_ESCALATE] = "अभी आगे बढ़ाएँ",
              [WORD_RESOLVE] = "हल करें",
              [WORD_NOTE] = "टिप्पणी जोड़ें",
              [WORD_SNOOZE_FOR] = "कितनी देर टालें",
              [WORD_NOTE_TEXT] = "टिप्पणी: कोई कोड या संदर्भ, किसी का नाम नहीं",
              [WORD_GROUP] = "पूरे समूह के लिए भी यही, {} और",
              [WORD_MORE] = "और",
              [WORD_ONCE] = "एक लिंक एक ही काम करता है और एक टिप्पणी लेता है, उसके लिए जिसे भेजा गया।",
              [WORD_AGAIN] = "फिर से देखें",
              [WORD_LATER] = "दर्ज हो गया है, थोड़ी देर में लागू होगा।",
              [WORD_NOT_DONE] = "नहीं हुआ",
              [WORD_NO_LINK] = "यह किसी सूचना का लिंक नहीं है: शायद कट गया है।",
              [WORD_EXPIRED] = "यह लिंक अब मान्य नहीं: सूचना को एक सप्ताह हो गया।",
              [WORD_USED] = "यह लिंक पहले ही काम में आ चुका है:",
              [WORD_IS_RESOLVED] = "चेतावनी पहले ही हल हो चुकी है।",
              [WORD_IS_ACKED] = "यह पहले से किसी और के पास है।",
              [WORD_HAS_CHANGED] = "आपके देखने के बाद यह बदल गया है।",
              [WORD_SNOOZE_OVER] = "टालने का समय पहले ही बीत चुका होता।",
              [WORD_SILENT] = "अभी किसी ने इसे नहीं लिया। फिर दबाएँ: काम एक ही बार होगा।",
              [WORD_FULL] = "बहुत कुछ पहले से प्रतीक्षा में है। फिर दबाएँ।",
              [WORD_OFTEN] = "इस पते से बहुत अधिक अनुरोध। थोड़ा रुकें।",
              [WORD_UNCLEAR] = "यह समझ में नहीं आया।",
              [WORD_SENT] = "भेजा गया",
              [WORD_CAME] = "मुझ तक पहुँची",
              [WORD_ANSWERED] = "उत्तर दिया गया",
              [WORD_PROBE_OVER] = "यह जाँच समाप्त हो गई। कुछ नहीं करना है।"},
};
