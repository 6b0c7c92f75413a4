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
              [TEXT_OTHER] = "{cause}"},
    .title = "{?test}[TEST] \n"
             "{?code}Tocsin के लिए आपका कोड\n"
             "आपके शांत समय से प्रतीक्षा में अलर्ट: {digest}\n"
             "{?probe}क्या यह सूचना आप तक पहुँचती है?\n"
             "मौन या रखरखाव {mute} {mute_left} में समाप्त होगा\n"
             "{?ends}याद दिलाना: \n"
             "{severity} {queue}: {what}\n"
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
};
